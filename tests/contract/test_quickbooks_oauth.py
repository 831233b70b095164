"""Our addresses and our way of asking are those of Intuit's own discovery document."""

from __future__ import annotations

import json

from adapters.quickbooks import settings
from tests.vendor.where import schemas


def discovery() -> dict[str, object]:
    found: dict[str, object] = json.loads((schemas("quickbooks") / "oauth" / "discovery.json").read_text("utf-8"))
    return found


def test_people_tokens_and_revocations_go_where_intuit_says() -> None:
    document = discovery()
    assert document["authorization_endpoint"] == settings.AUTHORISE
    assert document["token_endpoint"] == settings.TOKENS
    assert document["revocation_endpoint"] == settings.REVOKE


def test_a_code_with_the_secret_in_the_header_is_what_intuit_takes_and_a_proof_key_is_not_offered() -> None:
    document = discovery()
    assert document["response_types_supported"] == ["code"]
    methods = document["token_endpoint_auth_methods_supported"]
    assert isinstance(methods, list)
    assert "client_secret_basic" in methods
    assert "code_challenge_methods_supported" not in document
