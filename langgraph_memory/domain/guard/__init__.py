"""What may be remembered: secrets are masked, orders to the agent refused, personal data treated as the app decides."""

from langgraph_memory.domain.guard.admission import (
    admit,
    admitted_context,
    mask,
    mask_together,
    mask_within,
    refuse,
    refuse_beside,
    refuse_key,
    refuse_said,
    refuse_unsafe,
    refused,
    texts_in,
    withhold,
)
from langgraph_memory.domain.guard.policy import DEFAULT_GUARD, Detector, GuardPolicy, Refusal

__all__ = [
    "DEFAULT_GUARD",
    "Detector",
    "GuardPolicy",
    "Refusal",
    "admit",
    "admitted_context",
    "mask",
    "mask_together",
    "mask_within",
    "refuse",
    "refuse_beside",
    "refuse_key",
    "refuse_said",
    "refuse_unsafe",
    "refused",
    "texts_in",
    "withhold",
]
