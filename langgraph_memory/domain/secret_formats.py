"""The formats of keys and tokens that issuers document; matched as they are, with no entropy guessing.

Prefixes as their issuers publish them. The places to look for new ones: the rules of gitleaks (MIT,
https://github.com/gitleaks/gitleaks, config/gitleaks.toml) and GitHub's "Supported secret scanning patterns".
"""

from __future__ import annotations

import re
from typing import Final

_FORMATS: Final = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}",
    "AWS": r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",
    "GitHub": r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}",
    "GitLab": r"\bgl(?:pat|dt|rt|ptt|cbt)-[\w-]{16,}",
    "Slack": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Z0-9-]{10,}|hooks\.slack\.com/services/\S{20,}",
    "OpenAI, Anthropic and alike": r"\bsk-[A-Za-z0-9_-]{16,}|\bgsk_[A-Za-z0-9]{30,}|\bxai-[A-Za-z0-9]{30,}",
    "Hugging Face, Replicate": r"\bhf_[A-Za-z0-9]{30,}|\br8_[A-Za-z0-9]{30,}",
    "Stripe": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/]{20,}",
    "Google": r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}",
    "Azure": r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}",
    "mail": r"\bSG\.[\w-]{16,}\.[\w-]{16,}|\bkey-[0-9a-f]{32}\b",
    "messages": r"\bSK[0-9a-f]{32}\b|\b\d{8,10}:AA[\w-]{30,}",
    "package registries": r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-AgE[\w-]{20,}|\brubygems_[0-9a-f]{40,}",
    "hosting": r"\bdo[opr]_v1_[0-9a-f]{40,}|\bdapi[0-9a-f]{32}|\bhv[sb]\.[\w-]{20,}|\bdp\.(?:pt|st)\.[\w-]{20,}",
    "monitoring": r"\bglsa_[A-Za-z0-9]{20,}|\bNRAK-[A-Z0-9]{20,}|\bsntr[uy]s_[\w=+/-]{20,}",
    "shops and tools": r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}|\blin_api_\w{20,}|\bATATT3[\w=-]{20,}|\bntn_\w{30,}",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}",
    "credentials in a URL": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,80}:[^\s/@]{3,}@[\w.-]+",
    "said in words": (
        r"\b(?:password|passwd|passphrase|passcode|pin|secret|api[ _-]?key|access[ _-]?(?:token|key)"
        r"|auth[ _-]?token)\b[^.\n]{0,20}?(?:\bis\b|=|:)\s*\S"
    ),
}

SECRET: Final = re.compile("|".join(f"(?:{pattern})" for pattern in _FORMATS.values()), re.IGNORECASE)
