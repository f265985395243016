"""What the operator chose, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..wire.policy import Fallback, Mode

WithholdKeys = Literal["never", "genai", "all"]


@dataclass(frozen=True)
class LabSettings:
    """What the operator chose, as plain values; seconds unless the name says otherwise."""

    mode: Mode = "auto"
    launch_wait: float = 0.0
    hold_seconds: float = 60.0
    idle_minutes: float = 10.0
    runtime: str = "auto"
    namespace: str = "coursia-genai"
    services_path: str = ""
    workflows_path: str = ""
    model_roots: tuple[str, ...] = ()
    secrets_path: str = field(default="", repr=False)
    shut_memory: bool = True
    hub_url: str = ""
    model_reserve_gib: float = 2.0
    state_path: str = ""
    store_url: str = field(default="", repr=False)
    record_prompts: bool = False
    record_days: float = 365.0
    thumbnails: bool = True
    thumbnails_mib: int = 64
    network_subnet: str = "172.20.0.0/16"
    max_concurrent: int = 3
    open_doors: bool = False
    trusted_folders: tuple[str, ...] = ()
    docker_host: str = ""
    start_known_containers: bool = False
    pull_images: bool = True
    gpu_reader: tuple[str, ...] = ()
    fallback: Fallback = "ask"
    policy_source: str = field(default="", repr=False)
    teachers: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    trust_usernames: bool = False
    allow_own_keys: bool = False
    text_models: tuple[str, ...] = ()
    daily_cents: float = 500.0
    withhold_keys: WithholdKeys = "genai"
    demo_boot_seconds: float = 0.0
    demo_seconds_per_step: float = 0.05
