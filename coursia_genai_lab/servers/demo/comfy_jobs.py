"""ComfyUI's `/api/jobs`: where a job is, in one shape for waiting, running and ended ones."""

from __future__ import annotations

from typing import Any

from .comfy_http import Comfy
from .jobs import Job

STATES = ("pending", "in_progress", "completed", "failed", "cancelled")
SORTS = ("created_at", "execution_duration")
MAX_LIMIT = 1000


def ended_job(prompt_id: str, entry: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return a history entry as a job; with outputs and graph when `whole`."""
    said = dict(entry["status"]["messages"])
    row = entry["prompt"]
    state = "completed" if entry["status"]["completed"] else "failed"
    if "execution_interrupted" in said:
        state = "cancelled"
    ends = ("execution_success", "execution_error", "execution_interrupted")
    images = [
        {**image, "nodeId": node, "mediaType": "images"}
        for node, output in entry["outputs"].items()
        for image in output.get("images", ())
    ]
    saved = [image for image in images if image["type"] == "output"] or images
    job = {
        "id": prompt_id,
        "status": state,
        "priority": row[0],
        "create_time": row[3].get("create_time"),
        "execution_start_time": said.get("execution_start", {}).get("timestamp"),
        "execution_end_time": next((said[end]["timestamp"] for end in ends if end in said), None),
        "execution_error": said.get("execution_error"),
        "outputs_count": len(images),
        "preview_output": saved[0] if saved else None,
    }
    job = {name: value for name, value in job.items() if value is not None}
    if whole:
        job["outputs"] = entry["outputs"]
        job["execution_status"] = entry["status"]
        job["workflow"] = {"prompt": row[2], "extra_data": row[3]}
    return job


def queued_job(job: Job, *, whole: bool) -> dict[str, Any]:
    """Return a waiting or running job in the same shape."""
    row = job.row
    shape = {
        "id": job.id,
        "status": job.state,
        "priority": row[0],
        "create_time": row[3].get("create_time", int(job.created * 1000)),
        "outputs_count": 0,
    }
    if whole:
        shape["workflow"] = {"prompt": row[2], "extra_data": row[3]}
    return shape


class JobRoute(Comfy):
    """What the job routes share: finding a job wherever it is."""

    def find(self, job_id: str) -> dict[str, Any] | None:
        """Return a job with everything known of it."""
        for job in self._open():
            if job.id == job_id:
                return queued_job(job, whole=True)
        entry = self.engine.comfy.history.get(job_id)
        return None if entry is None else ended_job(job_id, entry, whole=True)

    def all(self) -> list[dict[str, Any]]:
        """Return every job, short."""
        ended = self.engine.comfy.history.items()
        jobs = [queued_job(job, whole=False) for job in self._open()]
        return jobs + [ended_job(job_id, entry, whole=False) for job_id, entry in ended]

    def _open(self) -> list[Job]:
        queue = self.engine.queue
        return [*([queue.running] if queue.running else []), *queue.waiting]


class JobList(JobRoute):
    """All jobs, filtered and in pages."""

    def get(self) -> None:
        """Answer with one page; 400 for a filter that there is not."""
        wanted = [s.strip() for s in self.get_query_argument("status", "").split(",") if s.strip()]
        unknown = [state for state in wanted if state not in STATES]
        sort_by = self.get_query_argument("sort_by", "created_at")
        order = self.get_query_argument("sort_order", "desc")
        if unknown:
            return self._bad(f"Invalid status value(s): {', '.join(unknown)}")
        if sort_by not in SORTS or order not in ("asc", "desc"):
            return self._bad("sort_by must be created_at or execution_duration")
        try:
            limit = int(self.get_query_argument("limit", str(MAX_LIMIT)))
            offset = max(0, int(self.get_query_argument("offset", "0")))
        except ValueError:
            return self._bad("limit and offset must be integers")
        if limit < 1:
            return self._bad("limit must be a positive integer")
        jobs = [job for job in self.all() if not wanted or job["status"] in wanted]
        jobs.sort(key=_duration if sort_by == SORTS[1] else _created, reverse=order == "desc")
        page = jobs[offset : offset + min(limit, MAX_LIMIT)]
        pages = {
            "offset": offset,
            "limit": limit,
            "total": len(jobs),
            "has_more": offset + len(page) < len(jobs),
        }
        self.write_json({"jobs": page, "pagination": pages})
        return None

    def _bad(self, sentence: str) -> None:
        self.write_json({"error": sentence}, 400)


class JobDetail(JobRoute):
    """One job."""

    def get(self, job_id: str) -> None:
        """Answer with everything known of a job."""
        job = self.find(job_id)
        self.write_json(*(({"error": "Job not found"}, 404) if job is None else (job,)))


class JobCancel(JobRoute):
    """Cancels a job wherever it is."""

    def post(self, job_id: str) -> None:
        """Stop a waiting or running job; a job that is over stays as it is."""
        if self.find(job_id) is None:
            self.write_json({"error": "Job not found"}, 404)
            return
        self.write_json({"cancelled": self.engine.queue.cancel(job_id)})


def _created(job: dict[str, Any]) -> float:
    return float(job.get("create_time") or 0)


def _duration(job: dict[str, Any]) -> float:
    start, end = job.get("execution_start_time"), job.get("execution_end_time")
    return float(end - start) if start and end else 0.0
