"""The hub's half of the gate: who comes to which user's server. The other half, in the proxy, is `proxy/gate.cjs`."""
