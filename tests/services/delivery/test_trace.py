"""Trace fields as they stand before a message."""

import pytest

from pillarbox.services.delivery.trace import Transport, address_literal, received, return_path

NOON = 1_700_000_000


@pytest.mark.parametrize(
    ("transport", "recipient", "expected"),
    [
        (
            Transport("mail.demo.test", "ESMTPS", "client.test", "192.0.2.1", "TLSv1.3 TLS_AES_256_GCM_SHA384"),
            "you@demo.test",
            "Received: from client.test ([192.0.2.1])\r\n\tby mail.demo.test with ESMTPS id k1\r\n\t"
            "(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\tfor <you@demo.test>;\r\n\tTue, 14 Nov 2023 22:13:20 +0000\r\n",
        ),
        (
            Transport("mail.demo.test", "SMTP", "(evil); x", "::1"),
            None,
            "Received: from unknown ([IPv6:::1])\r\n\tby mail.demo.test with SMTP id k1;\r\n\t"
            "Tue, 14 Nov 2023 22:13:20 +0000\r\n",
        ),
        (
            Transport("mail.demo.test", "ESMTPSA"),
            None,
            "Received: by mail.demo.test with ESMTPSA id k1;\r\n\tTue, 14 Nov 2023 22:13:20 +0000\r\n",
        ),
    ],
)
def test_received(transport: Transport, recipient: str | None, expected: str) -> None:
    assert received(transport, "k1", recipient, NOON) == expected.encode()


def test_return_path() -> None:
    assert return_path("") == b"Return-Path: <>\r\n"
    assert return_path("jörg@exämple.test") == "Return-Path: <jörg@exämple.test>\r\n".encode()


@pytest.mark.parametrize(
    ("host", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("::ffff:192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
def test_address_literal(host: str, literal: str) -> None:
    assert address_literal(host) == literal
