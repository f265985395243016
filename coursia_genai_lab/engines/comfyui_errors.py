"""What ComfyUI's refusals and failures mean, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..errors import GenAIError, GenerationCancelled, GenerationError, InvalidRequest, ServiceError
from .calls import Answer
from .moderation import blocked, is_refusal

LONGEST_REASON = 300
NOTHING: Mapping[str, str] = MappingProxyType({})
FOLDERS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "clip_name4": "text_encoders",
    "vae_name": "vae",
    "lora_name": "loras",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
}
"""Inputs of loaders, and the model folder that each names a file of."""
_PATHS = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.@ -]+){2,}")


def refused(
    answer: Answer,
    *,
    owners: Mapping[str, str] = NOTHING,
    fields: Mapping[str, str] = NOTHING,
) -> GenAIError:
    """Return what an answer to `POST /prompt` that is no success means.

    `owners` leads from a model file to the model that brings it, `fields` from `NODE.INPUT` to the
    field of an order that its value came from.
    """
    body = answer.table
    told = body.get("error")
    error: Mapping[str, Any] = told if isinstance(told, dict) else {"message": told}
    extra = error.get("extra_info")
    if error.get("type") == "missing_node_type" or (
        error.get("type") == "invalid_prompt" and isinstance(extra, dict) and "class_type" in extra
    ):
        name = extra.get("class_type") if isinstance(extra, dict) else None
        return node_missing(str(name or "?")[:100])
    problems = list(_problems(body.get("node_errors")))
    for _, _, problem in problems:
        name, value = _choice(problem)
        if name in FOLDERS:
            return file_missing(name, value, owners.get(value))
    if problems:
        asked = [fields.get(f"{node}.{_input(problem)}") for node, _, problem in problems]
        named = (
            f"'{field}': {_said(problem)}" if field else _words(kind, problem)
            for field, (_, kind, problem) in zip(asked, problems, strict=True)
        )
        return InvalidRequest(
            f"ComfyUI does not take this: {plain('; '.join(dict.fromkeys(named)))}.",
            code="engine_refused",
            param=next((field for field in asked if field), None),
        )
    reason = plain(str(error.get("message") or "")) or f"it answered with status {answer.status}"
    kind = InvalidRequest if answer.status in (400, 413) else GenerationError
    return kind(f"ComfyUI refused the job: {reason}.", code="engine_refused")


def node_missing(name: str) -> ServiceError:
    """Return what is told where a server does not know a class of nodes."""
    return ServiceError(
        f"This ComfyUI lacks the node {name}.",
        "Update ComfyUI, or install the extension that brings the node; then ask again.",
        code="node_missing",
    )


def file_missing(name: str, value: str, model: str | None) -> ServiceError:
    """Return what is told where a loader's file is not there; `model` is what brings it."""
    folder = FOLDERS.get(name, "models")
    return ServiceError(
        f"Model missing: this ComfyUI has no {value[:200]} in its folder {folder}.",
        "Fetch the model, then ask again."
        if model
        else f"Put the file into the folder {folder} of the models, then ask again.",
        code="models_missing",
        command=f"coursia-genai models fetch {model}" if model else None,
    )


def ended_badly(entry: Mapping[str, Any]) -> GenAIError:
    """Return why a job of the history did not succeed."""
    status = entry.get("status")
    messages = status.get("messages") if isinstance(status, dict) else None
    said = {
        one[0]: one[1]
        for one in messages or ()
        if isinstance(one, list) and len(one) == 2 and isinstance(one[1], dict)
    }
    if "execution_interrupted" in said:
        return GenerationCancelled("The job was interrupted in ComfyUI.", code="interrupted")
    return failed(said.get("execution_error", {}))


def failed(report: Mapping[str, Any]) -> GenerationError:
    """Return what an `execution_error` means."""
    kind, text = str(report.get("exception_type", "")), str(report.get("exception_message", ""))
    if out_of_memory(f"{kind} {text}"):
        return no_memory()
    if is_refusal(text):
        return blocked()
    node = str(report.get("node_type") or "a node")[:100]
    reason = plain(text) or kind.rpartition(".")[2][:100] or "it gave no reason"
    return GenerationError(
        f"ComfyUI failed in {node}: {reason}.",
        "Change the request; the log of ComfyUI may say more.",
        code="engine_failed",
    )


def out_of_memory(text: str) -> bool:
    """Say whether an engine's words tell of too little memory."""
    lower = text.lower()
    return "outofmemory" in lower or "out of memory" in lower


def no_memory() -> GenerationError:
    """Return what is told where the GPU's memory did not suffice."""
    return GenerationError(
        "The GPU has too little free memory for this picture.",
        "Ask for a smaller picture, or stop other services on this GPU in the GenAI panel.",
        code="out_of_memory",
    )


def plain(text: str) -> str:
    """Return one short line of an engine's words, without paths of its machine."""
    line = " ".join(_PATHS.sub("…", text).split())
    return line[:LONGEST_REASON].rstrip(". ")


def _problems(nodes: object) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Give (node, its class, what is wrong) for every input that was refused."""
    for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
        errors = node.get("errors") if isinstance(node, dict) else None
        for one in errors or ():
            if isinstance(one, dict):
                yield str(node_id), str(node.get("class_type"))[:100], one


def _choice(problem: Mapping[str, Any]) -> tuple[str, str]:
    extra = problem.get("extra_info")
    if problem.get("type") != "value_not_in_list" or not isinstance(extra, dict):
        return "", ""
    return str(extra.get("input_name")), str(extra.get("received_value"))


def _words(kind: str, problem: Mapping[str, Any]) -> str:
    field = _input(problem)
    return f"{kind}.{field}: {_said(problem)}" if field else f"{kind}: {_said(problem)}"


def _said(problem: Mapping[str, Any]) -> str:
    message = str(problem.get("message") or problem.get("type") or "")
    # The details of an exception are a stack trace of the server; those of a check are its value.
    if str(problem.get("type", "")).startswith("exception_during"):
        return message
    details = str(problem.get("details") or "")
    return f"{message} ({details})" if details and details != _input(problem) else message


def _input(problem: Mapping[str, Any]) -> str | None:
    extra = problem.get("extra_info")
    name = extra.get("input_name") if isinstance(extra, dict) else None
    return None if name is None else str(name)[:100]
