"""Measures Pillarbox, and Postfix + Dovecot beside it, with the same loads on the same machine."""
