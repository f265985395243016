"""How a job of ComfyUI ended or began, in ComfyUI's own shapes, also where ComfyUI had no part."""

from __future__ import annotations

import json
import time
from typing import Any

from aiohttp import web

from ..engines.calls import Answer
from ..engines.comfyui_errors import refused
from ..errors import GenAIError
from .answers import json_answer
from .headers import GUARDS
from .own_jobs import RawJob

Entry = dict[str, Any]


def answer_to(job: RawJob, answer: Answer | None) -> web.Response:
    """Return the answer to a post: ComfyUI's own with our number, or that the job waits."""
    told = {"prompt_id": job.id, "number": job.number, "node_errors": {}}
    if answer is None:
        return json_answer(told)
    if answer.status != 200:
        shown = answer.value
        if not isinstance(shown, dict):
            kind = {"Content-Type": "text/plain; charset=utf-8"}
            return web.Response(status=answer.status, body=answer.body, headers={**GUARDS, **kind})
        return json_answer(_without_traces(shown), status=answer.status)
    return json_answer({**_without_traces(answer.table), "prompt_id": job.id, "number": job.number})


def outcome_of(entry: Entry) -> bool:
    """Say whether an entry of the history tells of success."""
    status = entry.get("status")
    return isinstance(status, dict) and status.get("completed") is True


def refused_entry(job: RawJob, answer: Answer) -> Entry:
    """Return the history's entry of a job that had waited before ComfyUI refused it."""
    error = refused(answer)
    body = _without_traces(answer.table)
    errors = body.get("node_errors")
    errors = errors if isinstance(errors, dict) else {}
    node = next(iter(errors), "")
    found = errors.get(node)
    kind = found.get("class_type") if isinstance(found, dict) else ""
    told = body.get("error")
    said = told.get("type") if isinstance(told, dict) else None
    return _entry(
        job, error, node=str(node), kind=str(kind or ""), said=str(said or error.error_code),
        more={"node_errors": errors},
    )  # fmt: skip


def failed_entry(job: RawJob, error: GenAIError) -> Entry:
    """Return the history's entry of a job that ComfyUI lost, or never had."""
    return _entry(job, error, node="", kind="", said=error.error_code, more={})


def end_of(entry: Entry) -> dict[str, Any]:
    """Return the `execution_error` of such an entry."""
    data: dict[str, Any] = entry["status"]["messages"][-1][1]
    return data


def _entry(
    job: RawJob, error: GenAIError, *, node: str, kind: str, said: str, more: dict[str, Any]
) -> Entry:
    now = int(time.time() * 1000)
    data = {
        "prompt_id": job.id,
        "node_id": node,
        "node_type": kind,
        "executed": [],
        "exception_message": str(error),
        "exception_type": said,
        "traceback": [],
        "current_inputs": {},
        "current_outputs": [],
        "timestamp": now,
        **more,
        "coursia": error.to_dict(),
    }
    start = {"prompt_id": job.id, "timestamp": now}
    return {
        "prompt": job.row(),
        "outputs": {},
        "status": {
            "status_str": "error",
            "completed": False,
            "messages": [["execution_start", start], ["execution_error", data]],
        },
        "meta": {},
    }


def _without_traces(body: dict[str, Any]) -> dict[str, Any]:
    """Return ComfyUI's answer without its stack traces, which name paths of its machine."""
    shown: dict[str, Any] = json.loads(json.dumps(body))
    errors = shown.get("node_errors")
    for node in errors.values() if isinstance(errors, dict) else ():
        problems = node.get("errors") if isinstance(node, dict) else None
        for one in problems if isinstance(problems, list) else ():
            extra = one.get("extra_info") if isinstance(one, dict) else None
            if isinstance(extra, dict) and "traceback" in extra:
                extra["traceback"] = []
    return shown
