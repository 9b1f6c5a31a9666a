"""The formats of keys and tokens that issuers document; matched as they are, with no entropy guessing.

Prefixes as their issuers publish them. The places to look for new ones: the rules of gitleaks (MIT,
https://github.com/gitleaks/gitleaks, config/gitleaks.toml) and GitHub's "Supported secret scanning patterns".
"""

from __future__ import annotations

import re
from typing import Final

FORMATS: Final = {
    "private key": (
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}|\bPuTTY-User-Key-File-\d"
    ),
    "AWS": r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b|\bABSK[A-Za-z0-9+/]{60,}",
    "GitHub": r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}",
    "GitLab": r"\bgl(?:pat|dt|rt|rtr|ptt|cbt|ft|agent|imt|soat|ffct|wt)-[\w-]{16,}|\bgloas-[\w-]{16,}",
    "Slack": r"\bxox[abeoprs][-.][A-Za-z0-9-]{10,}|\bxapp-\d-[A-Z0-9-]{10,}|hooks\.slack\.com/services/\S{20,}",
    "OpenAI, Anthropic and alike": r"\bsk-[A-Za-z0-9_-]{16,}|\bgsk_[A-Za-z0-9]{30,}|\bxai-[A-Za-z0-9]{30,}",
    "models, by other names": (
        r"\bhf_[A-Za-z0-9]{30,}|\br8_[A-Za-z0-9]{30,}|\bpplx-[A-Za-z0-9]{40,}|\bcsk-[a-z0-9]{40,}|\bnvapi-[\w-]{40,}"
        r"|\btvly-[A-Za-z0-9-]{28,}|\bjina_[A-Za-z0-9]{50,}|\blsv2_(?:pt|sk)_[0-9a-f]{32}|\bpcsk_\w{40,}"
    ),
    "Stripe": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/]{20,}",
    "Google": r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}|\b1//0[\w-]{60,}",
    "Azure": (
        r"\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}|\b\w{3}8Q~[\w~.-]{31,34}|[?&]sig=[\w%+/-]{40,}"
        r"|\b[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{20,}|\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b"
    ),
    "mail": (
        r"\bSG\.[\w-]{16,}\.[\w-]{16,}|\bkey-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us\d{1,2}\b|\bxkeysib-[0-9a-f]{40,}"
        r"|\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}"
    ),
    "messages": (
        r"\bSK[0-9a-f]{32}\b|\b\d{8,10}:AA[\w-]{30,}|discord(?:app)?\.com/api/webhooks/\d+/\S{40,}"
        r"|\b[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}|webhook\.office\.com/webhookb2/\S{40,}"
        r"|hooks\.zapier\.com/hooks/catch/\d+/\w{5,}"
    ),
    "package registries": (
        r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-AgE[\w-]{20,}|\brubygems_[0-9a-f]{40,}|\bdckr_[op]at_[\w-]{20,}"
        r"|\bCLOJARS_[a-z0-9]{50,}|\boy2[a-z2-7]{43}\b|\bAKCp[A-Za-z0-9]{60,}"
    ),
    "hosting": (
        r"\bdo[opr]_v1_[0-9a-f]{40,}|\bdapi[0-9a-f]{32}|\bhv[sb]\.[\w-]{20,}|\bdp\.(?:pt|st)\.[\w-]{20,}"
        r"|\bHRKU-[\w-]{30,}|\bfo1_[\w-]{40,}|\bfm\d[ar]?_[\w+/-]{60,}|\bcfut_\w{40,}|\bvcp_\w{40,}|\bnf[pcoub]_\w{36,}"
        r"|\bsbp_[0-9a-f]{40,}|\bsb_secret_[\w-]{20,}|\bpscale_(?:tkn|pw|oauth)_[\w.-]{32,}|\bnapi_[a-z0-9]{40,}"
        r"|\b\w{14}\.atlasv1\.[\w-]{60,}|\bpul-[0-9a-f]{40}\b|\btskey-[a-z]+-[\w-]{20,}|\bpnu_[a-z0-9]{36}\b"
    ),
    "password managers": r"\bops_eyJ[\w+/-]{60,}|\bA3-[A-Z0-9]{6}-[A-Z0-9]{6,11}-(?:[A-Z0-9]{5}-){2}[A-Z0-9]{5}",
    "monitoring": (
        r"\bglsa_[A-Za-z0-9]{20,}|\bglc_[\w+/=-]{32,}|\bNRAK-[A-Z0-9]{20,}|\bsntry[us]_[\w=+/-]{20,}"
        r"|\bdt0c01\.\w{24}\.\w{60,}|\bph[cx]_\w{40,}"
    ),
    "payments": (
        r"\bEAAA[\w-]{56,}|\bsq0[a-z]{3}-[\w-]{22,}|\baccess_token\$production\$\w{16}\$\w{32}|\brzp_live_\w{14}"
        r"|\baccess-(?:sandbox|development|production)-[0-9a-f-]{36}|\bFLWSECK-[0-9a-f]{32}|\bEZ[AT]K[a-z0-9]{54}"
        r"|\b(?:duffel|shippo)_(?:live|test)_[\w-]{40,}"
    ),
    "shops and tools": (
        r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}|\blin_api_\w{20,}|\bATATT3[\w=-]{20,}|\bntn_\w{30,}"
        r"|\b2/\d{10,}/\d{10,}:[0-9a-f]{32}|\bpat\w{14}\.[0-9a-f]{64}|\bfig[duo]h?_[\w-]{40,}|\bPMAK-[0-9a-f]{24}-\w{34}"
        r"|\btfp_[\w-]{40,}|\bpat-(?:na|eu)\d-[0-9a-f-]{36}|\bsq[pua]_[0-9a-f]{40}|\bbkua_[0-9a-f]{40}"
        r"|\bCCIPAT_\w{22}_[0-9a-f]{40}|\brdme_[a-z0-9]{70}|\baio_\w{28}\b|\bCFPAT-[\w-]{43}"
    ),
    "social networks": r"\bEAA[A-Za-z0-9]{100,}|\bIGQV\w{100,}|\bA{22}[\w%]{80,}|\bsl\.(?:u\.)?[\w-]{120,}",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}",
    "credentials in a URL": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,80}:[^\s/@]{3,}@[\w.-]+",
    "a header or an option": (
        r"\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+\S{8,}|\bbearer\s+(?=\S{0,200}\d)[\w.~+/=-]{20,}"
        r"|\bcurl\b[^\n]{0,80}?\s(?:-u|--user)[ =]?[\"']?[^\s:]{1,80}:\S{3,}"
    ),
    "an assignment": (
        r"(?<![a-z0-9])(?:pass(?:word)?|pwd|pw|secret|token|(?:api|access|auth|secret|private|encryption)[_-]?key)"
        r"(?:_key|_id)?[\"']?\s*[:=]\s*[\"']?(?=[^\s\"']{0,200}\d)[^\s\"'<>${}()]{8,}"
    ),
    "said in words": (
        r"\b(?:password|passwd|pwd?|passphrase|passcode|pin|secret|api[ _-]?key|access[ _-]?(?:token|key)"
        r"|auth[ _-]?token)\b[^.\n]{0,20}?(?:\bis\b|=|:)\s*\S"
        r"|\b(?:password|passphrase|passcode|pwd?)\s+(?:for \w+:? )?(?=[^\s.]{0,80}\d)(?=[^\s.]{0,80}[a-z])[^\s.-]{6,}"
        r"|\b(?:passwor[td]|kennwort|contraseña|mot de passe|senha|wachtwoord|hasło|пароль|lösenord)\b[^.\n]{0,20}?"
        r"(?:\b(?:ist|lautet|es|est|é|is|to|är)\b|=|:)\s*\S"
        r"|\bcredentials?\b[^.\n]{0,20}?(?:\bare\b|:)\s*\S{1,40}\s*/\s*(?=\S{0,200}\d)\S{4,}"
    ),
}

SECRET: Final = re.compile("|".join(f"(?:{pattern})" for pattern in FORMATS.values()), re.IGNORECASE)

_SIGNS: Final = (
    "://",
    "key",
    "pass",
    "pw",
    "pin",
    "secret",
    "token",
    "kennwort",
    "senha",
    "wachtwoord",
    "credential",
    "authorization",
    "curl",
)
_LONG: Final = 15
"""Characters of the shortest key that none of the signs announces."""


def holds_secret(text: str) -> bool:
    """Return whether a text holds a key, a token or a password.

    Most texts are plain words; that no format fits them is seen without trying each format at each letter.
    """
    return _may_hold_secret(text) and SECRET.search(text) is not None


def has_long_word(text: str) -> bool:
    """Return whether a text has a word that is as long as the shortest key."""
    return max(map(len, text.split()), default=0) >= _LONG


def _may_hold_secret(text: str) -> bool:
    if not text.isascii() or has_long_word(text):
        return True
    return any(map(text.lower().__contains__, _SIGNS))
