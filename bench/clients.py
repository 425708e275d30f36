"""Clients that do as little as they can, so that the server is what is measured: send, count, wait for the end."""

import re
import socket
import ssl
import zlib

from bench.subject import Subject

BUFFER = 1 << 18
PATIENCE = 300.0  # seconds for one answer


class Refused(Exception):
    """The server said no, or ended the connection."""


class Lines:
    """A connection read by lines. `tls`: encrypted from the first octet, whoever the server is."""

    def __init__(self, host: str, port: int, *, tls: bool = False) -> None:
        raw = socket.create_connection((host, port), PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket: socket.socket = _anybody().wrap_socket(raw) if tls else raw
        self.rest = b""

    def line(self) -> bytes:
        """The next line without its end."""
        while b"\n" not in self.rest:
            self.rest += self.receive()
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    def receive(self) -> bytes:
        """What has arrived; Refused at the end."""
        octets = self.socket.recv(BUFFER)
        if not octets:
            raise Refused("the server closed the connection")
        return octets

    def close(self) -> None:
        """End the connection without a goodbye."""
        self.socket.close()


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Imap(Lines):
    """IMAP, logged in as a user. `deflate`: compressed from then on; Refused where that is not offered."""

    def __init__(self, subject: Subject, user: int, *, tls: bool = False, deflate: bool = False) -> None:
        super().__init__(subject.host, subject.imaps if tls else subject.imap, tls=tls)
        self.tags = 0
        self.deflater: zlib._Compress | None = None
        self.inflater: zlib._Decompress | None = None
        self.line()
        self.command(f"LOGIN {subject.user(user)} {subject.password}")
        if deflate:
            self.command("COMPRESS DEFLATE")
            self.deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
            self.inflater = zlib.decompressobj(-15)

    def send(self, command: str | bytes) -> bytes:
        """Send a command; its tag."""
        self.tags += 1
        tag = b"t%06d" % self.tags
        self.say(tag + b" " + (command.encode() if isinstance(command, str) else command))
        return tag

    def say(self, line: bytes) -> None:
        """Send a line."""
        octets = line + b"\r\n"
        if self.deflater is not None:
            octets = self.deflater.compress(octets) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(octets)

    def receive(self) -> bytes:
        """What has arrived."""
        octets = super().receive()
        return octets if self.inflater is None else self.inflater.decompress(octets)

    def wait(self, tag: bytes) -> bytearray:
        """Everything up to the tagged line. Refused when that is not OK."""
        answer, self.rest = bytearray(self.rest), b""
        while True:
            if answer.endswith(b"\r\n"):
                last = answer[answer.rfind(b"\n", 0, -1) + 1 :]
                if last.startswith(tag + b" OK"):
                    return answer
                if last.startswith(tag):
                    raise Refused(last.decode("utf-8", "replace").strip())
            answer += self.receive()

    def command(self, command: str | bytes) -> bytearray:
        """Send a command; everything it is answered."""
        return self.wait(self.send(command))

    def messages(self) -> int:
        """How many messages INBOX has, asked by STATUS."""
        found = re.search(rb"MESSAGES (\d+)", self.command("STATUS INBOX (MESSAGES)"))
        if found is None:
            raise Refused("no answer to STATUS")
        return int(found[1])

    def append(self, message: bytes, flags: str, date: str) -> bytes:
        """Begin an APPEND to INBOX (LITERAL+); its tag."""
        return self.send(b'APPEND INBOX (%s) "%s" {%d+}\r\n%s' % (flags.encode(), date.encode(), len(message), message))

    def idle(self) -> bytes:
        """Select INBOX and idle; the tag of the IDLE."""
        self.command("SELECT INBOX")
        tag = self.send("IDLE")
        while not self.line().startswith(b"+"):
            pass
        return tag


class Smtp(Lines):
    """SMTP to the port for other servers."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject.host, subject.smtp)
        self.reply()
        self.say(b"EHLO bench.example")

    def reply(self) -> bytes:
        """The last line of the next reply. Refused from 400 on."""
        while True:
            line = self.line()
            if line[3:4] != b"-":
                if line >= b"4":
                    raise Refused(line.decode("utf-8", "replace"))
                return line

    def say(self, command: bytes) -> bytes:
        """Send a line and read its reply."""
        self.socket.sendall(command + b"\r\n")
        return self.reply()

    def deliver(self, to: str, message: bytes) -> None:
        """One message; returns with its 250."""
        self.say(b"MAIL FROM:<bench@sender.example>")
        self.say(b"RCPT TO:<%s>" % to.encode())
        self.say(b"DATA")
        self.say(message + b"\r\n.")


class Pop3(Lines):
    """POP3, logged in as a user."""

    def __init__(self, subject: Subject, user: int) -> None:
        super().__init__(subject.host, subject.pop3)
        self._good()
        self.say(f"USER {subject.user(user)}")
        self.say(f"PASS {subject.password}")

    def say(self, command: str) -> bytes:
        """Send a command; the line that answers it."""
        self.socket.sendall(command.encode() + b"\r\n")
        return self._good()

    def listing(self, command: str) -> int:
        """Send a command with an answer of many lines; its octets."""
        self.say(command)
        total, tail = 0, self.rest
        while not (tail.endswith(b"\r\n.\r\n") or (tail == b".\r\n" and not total)):
            total += max(0, len(tail) - 5)
            tail = tail[-5:] + self.receive()
        self.rest = b""
        return total + len(tail)

    def _good(self) -> bytes:
        line = self.line()
        if not line.startswith(b"+OK"):
            raise Refused(line.decode("utf-8", "replace"))
        return line
