"""Drives a headless Chromium through its DevTools protocol, for pages.py."""

import itertools
import json
import os
import subprocess
import tempfile
import time
import urllib.request

from websockets.sync.client import connect

KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "ArrowDown": (40, ""), " ": (32, " ")}


class Tab:
    """One page. What it asks of the network and what it complains of is kept."""

    def __init__(self, socket, session):
        self.socket, self.session = socket, session
        self.numbers = itertools.count(1)
        self.requests, self.complaints, self.loaded = [], [], False
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility", "DOM"):
            self.call(f"{domain}.enable")

    def note(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(params["args"])[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def hear(self):
        message = json.loads(self.socket.recv(timeout=30))
        if "method" in message:
            self.note(message["method"], message["params"])
        return message

    def call(self, method, **params):
        number = next(self.numbers)
        order = {"id": number, "method": method, "params": params, "sessionId": self.session}
        self.socket.send(json.dumps(order))
        while True:
            message = self.hear()
            if message.get("id") == number and message.get("sessionId") == self.session:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, url):
        self.requests, self.complaints, self.loaded = [], [], False
        self.call("Page.navigate", url=url)
        while not self.loaded:
            self.hear()

    def look(self, width, height, phone=False, scheme="light", scripts=True):
        """What it is seen with, from now on."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def run(self, expression):
        """The value of a JavaScript expression."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def settle(self):
        """Waits until what was done is seen."""
        frames = "new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))"
        self.call("Runtime.evaluate", expression=frames, awaitPromise=True)

    def press(self, key):
        code, text = KEYS.get(key, (ord(key.upper()[0]), key))
        event = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **(event | {"text": ""}))

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, expression):
        """In the middle of what the expression gives."""
        box = self.run(f"(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getClientRects()[0];"
                       f" return [b.x + b.width / 2, b.y + b.height / 2]; }})({expression})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def tree(self):
        """What a screen reader is told: nodes that are not left out."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [node for node in nodes if not node.get("ignored")]

    def screenshot(self):
        return self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]


class Browser:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="kiln-browser", ignore_cleanup_errors=True)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                   "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                   "--remote-debugging-port=0", f"--user-data-dir={self.folder.name}", "about:blank"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen([program, *options], stdout=quiet, stderr=quiet, start_new_session=True)
        try:
            self.socket = connect(self.address(), max_size=None)
        except Exception:
            self.process.kill()
            raise

    def address(self):
        path = os.path.join(self.folder.name, "DevToolsActivePort")
        for _ in range(1200):
            if os.path.exists(path) and len(lines := open(path).read().split("\n")) > 1:
                with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/version", timeout=10) as answer:
                    return json.load(answer)["webSocketDebuggerUrl"]
            time.sleep(0.1)
        raise RuntimeError("Chromium does not start")

    def call(self, method, **params):
        self.socket.send(json.dumps({"id": 0, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=30))
            if message.get("id") == 0 and "sessionId" not in message:
                return message["result"]

    def tab(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        return Tab(self.socket, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def close(self):
        self.call("Browser.close")
        self.process.wait(30)
        self.folder.cleanup()
