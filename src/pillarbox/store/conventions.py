"""What mail programs call the mailboxes of a special use, in whatever language, so that there is one of each."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from pillarbox.store.naming import DEFAULT_MAILBOXES

_NAMES: Final = {
    "sent": """
        Sent, Sent Items, Sent Messages, Sent Mail, Sent Objects, Gesendet, Gesendete Elemente, Gesendete Objekte,
        Gesendete Nachrichten, Gesendete E-Mails, Envoyés, Éléments envoyés, Messages envoyés, Courrier envoyé,
        Objets envoyés, Enviados, Elementos enviados, Mensajes enviados, Correo enviado, Enviadas, Itens enviados,
        Mensagens enviadas, Inviati, Inviata, Posta inviata, Messaggi inviati, Elementi inviati, Verzonden,
        Verzonden items, Verzonden berichten, Verzonden objecten, Verzonden e-mail, Skickat, Skickade objekt,
        Skickade meddelanden, Skickad e-post, Sendt, Sendte elementer, Sendt post, Lähetetyt, Lähetetyt viestit,
        Lähetetyt kohteet, Wysłane, Elementy wysłane, Odeslané, Odeslaná pošta, Elküldött, Elküldött elemek,
        Elküldött üzenetek, Gönderilmiş Öğeler, Gönderilenler, Gönderilmiş Postalar, Отправленные, Отправленное,
        Отправленные элементы, Надіслані, Απεσταλμένα, 送信済み, 送信済みアイテム, 送信済みメール,
        送信済みメッセージ, 送信済みトレイ, 已发送, 已发送邮件, 已发邮件, 已发送的邮件, 寄件備份, 寄件備份匣,
        已傳送的郵件, 보낸 편지함, 보낸 메일함, 보낸 메시지
    """,
    "drafts": """
        Drafts, Draft, Entwürfe, Entwurf, Brouillons, Borradores, Rascunhos, Bozze, Concepten, Utkast, Kladder,
        Kladd, Luonnokset, Kopie robocze, Szkice, Wersje robocze, Koncepty, Rozepsané, Piszkozatok, Taslaklar,
        Черновики, Чернетки, Πρόχειρα, 下書き, 草稿, 草稿箱, 草稿匣, 임시 보관함, 임시보관함
    """,
    "junk": """
        Junk, Spam, Junk E-mail, Junk Mail, Junk Messages, Bulk Mail, Spamverdacht, Unerwünscht,
        Unerwünschte Werbung, Werbung, Indésirables, Courrier indésirable, Pourriel, Correo no deseado,
        Correo basura, No deseado, Lixo eletrônico, Lixo eletrónico, Correio de lixo, Posta indesiderata,
        Indesiderata, Ongewenst, Ongewenste e-mail, Ongewenste berichten, Skräppost, Uønsket mail, Uønsket post,
        Uønsket e-post, Søppelpost, Roskaposti, Wiadomości-śmieci, Niechciane, Nevyžádaná pošta, Levélszemét,
        Gereksiz, Gereksiz E-posta, Önemsiz E-posta, Спам, Нежелательная почта, Небажана пошта, Ανεπιθύμητα,
        迷惑メール, 垃圾邮件, 垃圾郵件, 垃圾箱, 스팸, 스팸메일함, 정크 메일, 정크
    """,
    "trash": """
        Trash, Deleted, Deleted Items, Deleted Messages, Bin, Wastebasket, Trash Can, Papierkorb, Gelöscht,
        Gelöschte Elemente, Gelöschte Objekte, Gelöschte Nachrichten, Corbeille, Éléments supprimés,
        Messages supprimés, Objets supprimés, Papelera, Papelera de reciclaje, Elementos eliminados,
        Mensajes eliminados, Lixeira, Lixo, Reciclagem, Itens excluídos, Itens eliminados, Mensagens excluídas,
        Cestino, Posta eliminata, Eliminati, Messaggi eliminati, Prullenbak, Prullenmand, Verwijderde items,
        Verwijderde berichten, Papperskorg, Papperskorgen, Borttagna objekt, Papirkurv, Slettet post,
        Slettede elementer, Roskakori, Poistetut, Poistetut kohteet, Kosz, Elementy usunięte, Usunięte, Koš,
        Odstraněná pošta, Odstraněné, Kuka, Törölt elemek, Lomtár, Çöp, Çöp Kutusu, Silinmiş Öğeler, Корзина,
        Удаленные, Удалённые, Кошик, Видалені, Κάδος, ゴミ箱, ごみ箱, 削除済み, 削除済みアイテム, 已删除,
        已删除邮件, 已刪除的郵件, 刪除的郵件, 垃圾桶, 废纸篓, 휴지통, 지운 편지함
    """,
    "archive": """
        Archive, Archives, Archived, Archiv, Archivo, Arquivo, Archivio, Archief, Arkiv, Arkisto, Archiwum,
        Archívum, Arşiv, Архив, Архів, Αρχείο, アーカイブ, 归档, 存档, 封存, 보관함
    """,
}
_FIRST: Final = {role: name for name, role in DEFAULT_MAILBOXES}
_SEPARATORS: Final = re.compile(r"[\s_-]+")


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


_ROLES: Final = {_folded(name): role for role, names in _NAMES.items() for name in names.split(",")}
_LONGEST: Final = 2 * max(map(len, _ROLES))


@lru_cache(maxsize=1024)
def role_called(name: str) -> str | None:
    """The role of which a component of a mailbox name is a usual name, in any case and however its words are joined."""
    return _ROLES.get(_folded(name)) if len(name) <= _LONGEST else None


def stands_for(name: str, role: str, present: str) -> bool:
    """Whether `name`, usual for a role, means the mailbox that has it and is called `present`.

    Not when it is what we call that mailbox ourselves and it was given a name of one's own: then somebody has put it
    aside and wants a new one.
    """
    return name != _FIRST[role] or role_called(present) == role
