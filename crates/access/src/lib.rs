//! Users, roles, sessions, API keys: who may do what.
