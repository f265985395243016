"""The ledger: what each job may use, used, and cost; one account for all Labs on a store."""

from .ledger import Ledger

__all__ = ["Ledger"]
