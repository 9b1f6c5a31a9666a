"""What may be remembered: secrets are masked, orders to the agent refused, personal data treated as the app decides."""

from langgraph_memory.domain.guard.policy import (
    DEFAULT_GUARD,
    HIDDEN_TEXT,
    Detector,
    GuardPolicy,
    Refusal,
    mask,
    mask_together,
    mask_within,
    masked_values,
    refuse,
    refuse_beside,
    refuse_key,
    refuse_unsafe,
    texts_in,
    withhold,
)

__all__ = [
    "DEFAULT_GUARD",
    "HIDDEN_TEXT",
    "Detector",
    "GuardPolicy",
    "Refusal",
    "mask",
    "mask_together",
    "mask_within",
    "masked_values",
    "refuse",
    "refuse_beside",
    "refuse_key",
    "refuse_unsafe",
    "texts_in",
    "withhold",
]
