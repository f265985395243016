"""The ledger and the audit: charges whose end nobody heard, and who decided what."""

from __future__ import annotations

from typing import cast, get_args

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest
from ..lab.audit import MOST_A_PAGE
from ..wire.audit import Deed
from ..wire.usage import ChargeResolution, ChargeState, LedgerView
from .base import LabHandler
from .person import need_admin, need_role


class LedgerHandler(LabHandler):
    """GET ledger?state=&limit=; the newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the caller's charges, everybody's for teachers and admins."""
        state = self.get_query_argument("state", "")
        if state and state not in get_args(ChargeState):
            raise InvalidRequest("state must be one of: " + ", ".join(get_args(ChargeState)) + ".")
        charges = await self.parts.ledger.charges(
            self.person if self.role == "student" else None,
            state=cast("ChargeState", state) if state else None,
            limit=int(self.number_argument("limit", 100, 1, MOST_A_PAGE)),
        )
        self.answer(LedgerView(charges=charges))


class ResolveHandler(LabHandler):
    """POST ledger/{id}/resolve."""

    @web.authenticated
    @authorized
    async def post(self, charge_id: str) -> None:
        """End a charge whose end nobody heard, as the provider's bill says it ended."""
        need_admin(self.role, "Saying what a charge came to")
        wish = self.body_as(ChargeResolution)
        charge = await self.parts.ledger.resolve(charge_id, wish.cents)
        words = "refunded" if wish.cents is None else f"{wish.cents:g} cents"
        self.parts.audit.note(self.person, "charge", charge_id, words)
        self.answer(charge)


class AuditHandler(LabHandler):
    """GET audit?deed=&person=&limit=; the newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer for teachers and admins."""
        need_role(self.role, "Reading the audit")
        deed = self.get_query_argument("deed", "")
        if deed and deed not in get_args(Deed):
            raise InvalidRequest("deed must be one of: " + ", ".join(get_args(Deed)) + ".")
        page = await self.parts.audit.page(
            deed=cast("Deed", deed) if deed else None,
            person=self.get_query_argument("person", "") or None,
            limit=int(self.number_argument("limit", 100, 1, MOST_A_PAGE)),
        )
        self.answer(page)
