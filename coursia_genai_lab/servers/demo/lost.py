"""Answers at addresses that there are not, in the dialect that the address looks like."""

from __future__ import annotations

from .a1111_http import A1111
from .openai_http import OpenAI
from .web import Guarded

TEXT_CALLS = ("/v1/chat", "/v1/responses", "/v1/completions", "/v1/embeddings")


class Lost(OpenAI):
    """Any address that there is not; the gate comes first, as everywhere."""

    def refused(self, status: int, sentence: str) -> None:
        """Word a refusal of the gate."""
        dialect = Guarded
        if self.request.path.startswith("/v1/"):
            dialect = OpenAI
        elif self.request.path.startswith("/sdapi/"):
            dialect = A1111
        dialect.refused(self, status, sentence)

    def prepare(self) -> None:
        """Say that there is nothing, whatever the method."""
        super().prepare()
        if self._finished:
            return
        path = self.request.path
        if path.startswith(TEXT_CALLS):
            sentence = "This demo engine makes pictures only; it answers no text calls."
            self.fail(404, sentence, "invalid_request_error", None)
        elif path.startswith("/v1/"):
            sentence = f"Unknown address: {self.request.method} {path[:200]}."
            self.fail(404, sentence, "invalid_request_error", None)
        else:
            Guarded.went_wrong(self, 404, "Not Found")
