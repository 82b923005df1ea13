"""A small organization for tests of calls: a number, agents, somebody to call, and a clock to move."""

from __future__ import annotations

from typing import Any

import httpx

DESTINATION = "+31612345678"
NUMBER = "+31851234567"
TTS = {"provider": "openai", "voiceId": "alloy"}
STT = {"provider": "deepgram", "model": "nova-3-general", "language": "nl"}
LLM = {"provider": "openai", "model": "gpt-4o"}


class World:
    """An agent, a number and somebody to call."""

    def __init__(self, api: httpx.Client, control: httpx.Client) -> None:
        self.api = api
        self.control = control
        self.number = api.post("/numbers", json={"phone_number": NUMBER}).json()["number"]

    def agent(self, **fields: Any) -> str:
        given = {"name": "A", "first_message": "Hi {{name}}", **fields}
        answer = self.api.post("/agents", json={name: value for name, value in given.items() if value is not None})
        assert answer.status_code == 201, answer.text
        agent_id: str = next(iter(answer.json().values()))["id"]
        return agent_id

    def callee(self, **callee: Any) -> None:
        answer = self.control.put(f"/callees/{DESTINATION}", json=callee)
        assert answer.status_code == 200, answer.text

    def place(self, **body: Any) -> str:
        answer = self.api.post("/calls/outbound", json={"destination": DESTINATION, **body})
        assert answer.status_code == 200, answer.text
        call_id: str = answer.json()["call_id"]
        return call_id

    def advance(self, seconds: float) -> None:
        answer = self.control.post("/clock", json={"advance_s": seconds})
        assert answer.status_code == 200, answer.text

    def show(self, call_id: str) -> dict[str, Any]:
        answer = self.api.get(f"/calls/{call_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def raw(self, call_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.control.get(f"/calls/{call_id}").json()["call"]
        return found

    def said(self, call_id: str) -> list[str]:
        return [f"{each['role'][0]}: {each['content']}" for each in self.show(call_id)["messages"]]

    def steer(self, call_id: str, **command: Any) -> httpx.Response:
        return self.api.post(f"/calls/{call_id}/control", json=command)
