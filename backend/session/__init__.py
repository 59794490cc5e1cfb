"""One conversation: whose turn it is, one reply as one task group, what was heard, and what leaves.

`session` holds it together; `turn` makes a reply, from `writer` over `speaker` to `screen`;
`outbox` is the only door to the client; `manager` knows every session. Providers are behind
`handlers`.
"""
