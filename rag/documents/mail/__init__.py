"""Mail: one message, or a mailbox of many.

The words of the writer, what is quoted from others, and the signature are told apart by marks, so
that nobody is cited for what somebody else wrote. Attachments are files of their own.
"""

from rag.documents.mail.box import read_mbox
from rag.documents.mail.message import read_eml

__all__ = ["read_eml", "read_mbox"]
