// Made by scripts/generate.mjs from the server's OpenAPI document; do not edit.

export interface paths {
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit log */
        get: operations["get_admin_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this node has decided and refused since it started */
        get: operations["get_admin_decisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/memory/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far embedding has come */
        get: operations["get_admin_memory_embeddings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tiers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All tiers */
        get: operations["get_admin_tiers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tiers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A tier */
        get: operations["get_admin_tiers_name"];
        /** Add or replace a tier */
        put: operations["put_admin_tiers_name"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/tiers/{name}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whom a change of a tier would affect; changes nothing */
        post: operations["post_admin_tiers_name_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What all users use */
        get: operations["get_admin_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/usage/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What all users use, day by day */
        get: operations["get_admin_usage_series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Users */
        get: operations["get_admin_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A user */
        get: operations["get_admin_users_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/disabled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Shut or open an account */
        put: operations["put_admin_users_id_disabled"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/memories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Erase all memories of a user */
        delete: operations["delete_admin_users_id_memories"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/overrides": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All overrides of a user */
        get: operations["get_admin_users_id_overrides"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/overrides/{resource}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A user's override */
        get: operations["get_admin_users_id_overrides_resource"];
        /** Override a user's limit */
        put: operations["put_admin_users_id_overrides_resource"];
        post?: never;
        /** Remove an override */
        delete: operations["delete_admin_users_id_overrides_resource"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set a user's role */
        put: operations["put_admin_users_id_role"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}/tier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set a user's tier */
        put: operations["put_admin_users_id_tier"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's API keys */
        get: operations["get_auth_keys"];
        put?: never;
        /** Create an API key, shown once */
        post: operations["post_auth_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke an API key */
        delete: operations["delete_auth_keys_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in */
        post: operations["post_auth_login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End this session */
        post: operations["post_auth_logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End all sessions */
        post: operations["post_auth_logout_all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who am I */
        get: operations["get_auth_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rotate the refresh token */
        post: operations["post_auth_refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Register */
        post: operations["post_auth_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's sessions */
        get: operations["get_auth_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of the caller's sessions */
        delete: operations["delete_auth_sessions_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/usage/quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The quota at a glance */
        get: operations["get_auth_usage_quota"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Store up to 100 memories, all or none (BulkStored) or each for itself (BulkEach, 207) */
        post: operations["post_memory_bulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/context": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What to have in mind for a conversation */
        get: operations["get_memory_context"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/delete/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a memory */
        delete: operations["delete_memory_delete_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/forget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Forget what fits */
        post: operations["post_memory_forget"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/itm/retrieve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Intermediate memories */
        get: operations["get_memory_itm_retrieve"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Memories, the newest first */
        get: operations["get_memory_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/promote/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keep a memory for longer */
        post: operations["post_memory_promote_id"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/retrieve/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A memory */
        get: operations["get_memory_retrieve_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Find memories */
        post: operations["post_memory_search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Memories in figures */
        get: operations["get_memory_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/stm/clear/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Forget a session's short-term memories */
        delete: operations["delete_memory_stm_clear_session_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/stm/retrieve/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A session's short-term memories */
        get: operations["get_memory_stm_retrieve_session_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/stm/store": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Store a turn of a conversation */
        post: operations["post_memory_stm_store"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/store": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Store a memory */
        post: operations["post_memory_store"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/update/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change a memory */
        patch: operations["patch_memory_update_id"];
        trace?: never;
    };
    "/api/memory/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What memories take */
        get: operations["get_memory_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/memory/usage/quota-check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is there room for more memories? */
        get: operations["get_memory_usage_quota_check"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is it up */
        get: operations["get_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/check-quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Would this much more be admitted? */
        post: operations["post_usage_check_quota"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's ledger */
        get: operations["get_usage_entries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** CloudEvents, one or up to 1,000 */
        post: operations["post_usage_events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Use per day, the newest first */
        get: operations["get_usage_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All limits, and what the next tier gives */
        get: operations["get_usage_limits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Use by model, as entries name it */
        get: operations["get_usage_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The quota at a glance */
        get: operations["get_usage_quota"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/record": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** State use; enforce asks for admission */
        post: operations["post_usage_record"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What limits refused lately: in the memory of the node that is asked, since it started */
        get: operations["get_usage_refusals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/reservations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set headroom aside */
        post: operations["post_usage_reservations"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/reservations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A reservation */
        get: operations["get_usage_reservations_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/reservations/{id}/extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a reservation more time or headroom */
        post: operations["post_usage_reservations_id_extend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/reservations/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a reservation unused */
        post: operations["post_usage_reservations_id_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/reservations/{id}/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Charge use under a reservation */
        post: operations["post_usage_reservations_id_settle"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Use of the last days, limits and warnings */
        get: operations["get_usage_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/storage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is stored */
        get: operations["get_usage_storage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Usage as it happens, refusals of this node, changed limits (account): server-sent events */
        get: operations["get_usage_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/tier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tier */
        get: operations["get_usage_tier"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/timeseries/{resource}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Use per day */
        get: operations["get_usage_timeseries_resource"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/usage/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Today's tokens */
        get: operations["get_usage_tokens"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How is it doing */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is it alive */
        get: operations["get_health_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Does it accept commands */
        get: operations["get_health_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus metrics */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description An `account` event of the stream: the tier, an override, or what the tier allows has changed. */
        AccountEvent: {
            /**
             * @description The tier now.
             * @example free_trial
             */
            tier: string;
        };
        /** @description An amount of a resource. */
        AmountOf: {
            /** @description How much. */
            amount: components["schemas"]["WireAmount"];
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
        };
        /**
         * @description What an operator, or a user with his own account, did.
         * @enum {string}
         */
        AuditAction: "create_user" | "set_tier" | "set_role" | "set_disabled" | "set_password" | "end_sessions" | "create_key" | "revoke_key" | "put_tier" | "put_override" | "remove_override" | "erase_memories";
        /** @description A page of the audit log, the newest first. */
        AuditPage: {
            /** @description The entries. */
            entries: components["schemas"]["AuditView"][];
            /** @description Where the next page starts; null on the last one. */
            nextCursor: string | null;
        };
        /** @description One audit entry. */
        AuditView: {
            /** @description What. */
            action: components["schemas"]["AuditAction"];
            /** @description Who: `user:<id>`, `key:<key id>:<user id>`, `service` or `console`. */
            actor: string;
            /** @description The state after. */
            after: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description The state before. */
            before: {
                [key: string]: unknown;
            } | null;
            /** @description Why. */
            reason: string;
            /**
             * Format: int64
             * @description Its number, ascending.
             */
            seq: number;
            /** @description To what. */
            target: string;
        };
        /** @description What became of a bulk, by its mode. */
        BulkAnswer: components["schemas"]["BulkStored"] | components["schemas"]["BulkEach"];
        /** @description A bulk of which each memory was stored for itself. */
        BulkEach: {
            /** @description How many were rejected. */
            rejected: number;
            /** @description How many had been stored before, under the same key. */
            replayed: number;
            /** @description One per memory, in the order in which they were sent. */
            results: components["schemas"]["BulkResult"][];
            /** @description How many were stored now. */
            stored: number;
        };
        /** @description A memory to store among others. Unknown fields are refused. */
        BulkMemory: {
            /**
             * Format: double
             * @description How sure the application is of it, 0 to 1.
             */
            confidence_score?: number | null;
            /** @description The caller's own embedding of the text, by the model and of the dimension in use. */
            embedding?: number[] | null;
            /**
             * Format: double
             * @description How much it moved the user, -1 to 1.
             */
            emotional_weight?: number | null;
            /** @description What the user said, or the situation; not only white space, at most 1 MiB. */
            input_context: string;
            /** @description Any JSON object of at most 16 KiB and 16 levels. */
            metadata?: {
                [key: string]: unknown;
            } | null;
            outcome?: components["schemas"]["Outcome"] | null;
            /** @description What was answered, or done; at most 1 MiB. */
            output_response?: string | null;
            /** @description The caller's own name for the conversation, 1 to 255 characters. */
            session_id?: string | null;
            /** @description At most 64 tags of at most 128 bytes; one that comes again is left out. */
            tags?: string[] | null;
            /** @description How long it is kept: `stm` for an hour, `itm` for seven days, `ltm` for good. */
            tier: components["schemas"]["MemoryTier"];
            /** @description `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`. */
            type: components["schemas"]["MemoryType"];
        };
        /**
         * @description What becomes of a bulk of which one memory cannot be stored.
         * @enum {string}
         */
        BulkMode: "all" | "each";
        /** @description Memories to store at once. */
        BulkRequest: {
            /**
             * @description 1 to 100 memories. They are kept as text, so that one that is wrong can be told apart from
             *     the others.
             */
            memories: components["schemas"]["BulkMemory"][];
            /** @description `all`, if absent: all of them or none; `each`: each for itself. */
            mode?: components["schemas"]["BulkMode"];
        };
        /** @description What became of one memory of a bulk. */
        BulkResult: {
            /** @description The memory. */
            memory?: components["schemas"]["Memory"];
            /** @description Why it was rejected. */
            problem?: components["schemas"]["Problem"];
            /** @description `stored`, `replayed` or `rejected`. */
            status: components["schemas"]["BulkStatus"];
        };
        /**
         * @description What became of a memory of a bulk.
         * @enum {string}
         */
        BulkStatus: "stored" | "replayed" | "rejected";
        /** @description A bulk that was stored as a whole. */
        BulkStored: {
            /** @description The memories, in the order in which they were sent. */
            memories: components["schemas"]["Memory"][];
        };
        /** @description Whether it would. */
        CheckQuota: {
            /** @description Whether it would be admitted now. */
            hasQuota: boolean;
            /**
             * @description `Quota available`, `Unlimited quota`, `Warning: 85.0% of quota will be used`, or
             *     `Quota exceeded. Current: 900, Requested: 200, Limit: 1000`.
             */
            message: string;
            /**
             * Format: int64
             * @description What is left; -1 is unlimited.
             */
            remaining: number;
            /**
             * Format: date-time
             * @description When the window ends; null for a level.
             */
            resetsAt: string | null;
        };
        /** @description Would this much more be admitted? */
        CheckQuotaRequest: {
            /** @description How much, at least 0. */
            amount: components["schemas"]["WireAmount"];
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
        };
        /** @description What an application should have in mind. */
        ContextParts: {
            /** @description Whether relevance was judged by words instead of meaning. */
            degraded: boolean;
            /** @description Why. */
            degraded_reason?: string;
            /** @description Intermediate: what is read most. */
            itm: components["schemas"]["FoundMemory"][];
            /** @description Long term: what is relevant to the query; without one, the newest. */
            ltm: components["schemas"]["FoundMemory"][];
            /** @description Short term: what was stored in the session, the newest first. */
            stm: components["schemas"]["FoundMemory"][];
        };
        /** @description An address and a password. */
        Credentials: {
            /**
             * @description The address.
             * @example ada@example.com
             */
            email: string;
            /** @description The password; a new one has at least 8 characters. */
            password: string;
        };
        /** @description A resource's current window. */
        Current: {
            /**
             * Format: int64
             * @description Set aside by open reservations.
             */
            held: number;
            /**
             * Format: int64
             * @description The cap; -1 is unlimited.
             */
            limit: number;
            /**
             * Format: int64
             * @description What is left; -1 is unlimited.
             */
            remaining: number;
            /**
             * Format: date-time
             * @description When it ends; null for a level.
             */
            resetsAt: string | null;
            /**
             * Format: int64
             * @description Used.
             */
            used: number;
            /** @description The kind of window. */
            window: components["schemas"]["Window"];
        };
        /** @description A day of a series. */
        DayRow: {
            /**
             * Format: int64
             * @description Used on that day; of a level, what was held at its end.
             */
            amount: number;
            /** @description `2026-11-01`, UTC. */
            date: string;
        };
        /** @description Where the account stands after a command. */
        Decision: {
            /** @description Always true: what is refused is answered with a problem. */
            admitted: boolean;
            /** @description `overage`, `excess`, `unheld`, `late`, `enforced`, `final`, `charge_on_expiry`. */
            flags: components["schemas"]["Flag"][];
            /** @description Per resource concerned. */
            standings: components["schemas"]["StandingRow"][];
        };
        /** @description One resource of [`Decisions`]. */
        DecisionRow: {
            /**
             * Format: int64
             * @description Commands that were done.
             */
            admitted: number;
            /**
             * Format: int64
             * @description Commands that the store could not answer.
             */
            failed: number;
            /**
             * Format: int64
             * @description Commands that were refused for another reason.
             */
            refusedOther: number;
            /**
             * Format: int64
             * @description Commands that a limit refused.
             */
            refusedQuota: number;
            /**
             * Format: int64
             * @description Commands that had been done before under the same key.
             */
            replayed: number;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
        };
        /** @description What this node has decided since it started. Other nodes have figures of their own. */
        Decisions: {
            /** @description One row per resource. A command about several counts for each of them. */
            decisions: components["schemas"]["DecisionRow"][];
            /** @description What limits have refused lately, the newest first, as this node remembers it. */
            refusals: components["schemas"]["UserRefusal"][];
            /**
             * Format: date-time
             * @description When this node started.
             */
            since: string;
        };
        /** @description A memory that was deleted. The bytes are null in a replay, which does not know them. */
        Deleted: {
            /**
             * Format: int64
             * @description What it counted, in bytes.
             */
            bytes_freed: number | null;
            /**
             * Format: int64
             * @description How much of that was charged, and is given back.
             */
            bytes_given_back: number | null;
            /** @description In words. */
            message: string;
            /** @description Always true. */
            success: boolean;
        };
        /** @description A call that had nothing else to say. */
        Done: {
            /** @description In words. */
            message: string;
            /** @description Always true. */
            success: boolean;
        };
        /** @description How far the memories of all users have an embedding by the model in use. */
        EmbeddingProgress: {
            /** @description Whether texts can be embedded now. */
            available: boolean;
            /**
             * Format: int32
             * @description Its dimension.
             */
            dimensions: number;
            /**
             * Format: int64
             * @description How many memories have one.
             */
            embedded: number;
            /** @description The model in use. */
            model: string;
            /** @description How many have one by which model; null for those that have none. */
            models: components["schemas"]["ModelMemories"][];
            /** @description Why they cannot. */
            unavailable_reason?: string;
            /**
             * Format: int64
             * @description How many wait for one.
             */
            waiting: number;
        };
        /** @description How far a user's memories can be found by meaning. */
        EmbeddingState: {
            /** @description Whether no text can be embedded now, so that searches go by words. */
            degraded: boolean;
            /** @description Why not. */
            degraded_reason?: string;
            /**
             * Format: int32
             * @description Its dimension.
             */
            dimensions: number;
            /** @description The model in use. */
            model: string;
        };
        /**
         * @description What an entry says.
         * @enum {string}
         */
        EntryKind: "record" | "correction" | "reserve" | "extend" | "settle" | "release" | "expire" | "threshold";
        /** @description A page of entries, the newest first. */
        EntryPage: {
            /** @description The entries. */
            entries: components["schemas"]["EntryRow"][];
            /** @description Where the next page starts; null on the last one. */
            nextCursor: string | null;
        };
        /** @description One entry; also the data of an event of the stream. */
        EntryRow: {
            /**
             * Format: int64
             * @description The change of what is used.
             */
            amount: number;
            /**
             * Format: int64
             * @description The version of the entry that it corrects.
             */
            correctsVersion?: number;
            /**
             * Format: date-time
             * @description The time by which it counts against limits.
             */
            countedAt: string;
            /**
             * Format: uuid
             * @description The entry.
             */
            entryId: string;
            /**
             * Format: date-time
             * @description The reservation's new end.
             */
            expiresAt?: string;
            /** @description Marks, as in a decision. */
            flags: components["schemas"]["Flag"][];
            /**
             * Format: int64
             * @description The change of what is held.
             */
            held: number;
            /** @description What it says. */
            kind: components["schemas"]["EntryKind"];
            /** @description The caller's JSON object. */
            metadata?: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When the use occurred.
             */
            occurredAt: string;
            /**
             * Format: date-time
             * @description When it was written.
             */
            recordedAt: string;
            /** @description The reservation that it concerns. */
            reservationId?: string;
            /** @description The resource. */
            resourceType: string;
            /** @description What was crossed, if it is a threshold event. */
            threshold?: components["schemas"]["ThresholdRow"];
            /**
             * Format: int64
             * @description Its number within the account, without gaps.
             */
            version: number;
        };
        /** @description All memories of a user, erased by an operator. */
        Erased: {
            /**
             * Format: int64
             * @description What they counted, in bytes.
             */
            bytes_freed: number;
            /**
             * Format: int64
             * @description How much of that was charged, and is given back.
             */
            bytes_given_back: number;
            /**
             * Format: int64
             * @description How many.
             */
            memories_forgotten: number;
            /** @description Always true. */
            success: boolean;
            /**
             * Format: uuid
             * @description Whose they were.
             */
            user_id: string;
        };
        /** @description Erases all memories of a user. Unknown fields are refused. */
        EraseRequest: {
            /** @description Why, for the audit log. */
            reason: string;
        };
        /** @description What became of one event. */
        EventResult: {
            /**
             * Format: uuid
             * @description The entry that states it.
             */
            entryId?: string;
            /** @description Why it was rejected. */
            problem?: components["schemas"]["Problem"];
            /** @description `accepted`, `replayed` or `rejected`. */
            status: components["schemas"]["EventStatus"];
        };
        /** @description What became of a batch. */
        EventsReport: {
            /** @description How many were accepted now. */
            accepted: number;
            /** @description How many were rejected. */
            rejected: number;
            /** @description How many had been accepted before. */
            replayed: number;
            /** @description One per event, in the order of the events. */
            results: components["schemas"]["EventResult"][];
        };
        /**
         * @description What became of an event.
         * @enum {string}
         */
        EventStatus: "accepted" | "replayed" | "rejected";
        /** @description Gives a reservation more time, and more headroom if it fits. */
        ExtendRequest: {
            /** @description Headroom to add, all or nothing. */
            amounts?: components["schemas"]["AmountOf"][];
            /**
             * Format: int64
             * @description Time to live from now, 1 to 3,600 seconds; 300 if absent.
             * @default 300
             */
            ttlSeconds?: number | null;
        };
        /**
         * @description A mark on an entry or a decision.
         * @enum {string}
         */
        Flag: "overage" | "excess" | "unheld" | "late" | "final" | "charge_on_expiry" | "enforced";
        /** @description Which memories to forget: those that every condition given fits. Unknown fields are refused. */
        ForgetRequest: {
            /** @description All of them; stands alone. */
            all?: boolean | null;
            /**
             * Format: date-time
             * @description Stored at this time or later.
             */
            created_from?: string | null;
            /**
             * Format: date-time
             * @description Stored before this time.
             */
            created_to?: string | null;
            memory_type?: components["schemas"]["MemoryType"] | null;
            /**
             * Format: double
             * @description With at least this confidence, 0 to 1.
             */
            min_confidence?: number | null;
            /** @description Of this session. */
            session_id?: string | null;
            /** @description With all of these tags. */
            tags_all?: string[] | null;
            /** @description With one of these tags. */
            tags_any?: string[] | null;
            tier?: components["schemas"]["MemoryTier"] | null;
        };
        /** @description Memories that were forgotten. The numbers are null in a replay, which does not know them. */
        Forgotten: {
            /**
             * Format: int64
             * @description What they counted, in bytes.
             */
            bytes_freed: number | null;
            /**
             * Format: int64
             * @description How much of that was charged, and is given back.
             */
            bytes_given_back: number | null;
            /**
             * Format: int64
             * @description How many.
             */
            memories_forgotten: number | null;
            /** @description In words. */
            message: string;
            /** @description Always true. */
            success: boolean;
        };
        /** @description A memory that was found. */
        FoundMemory: components["schemas"]["Memory"] & {
            /**
             * Format: double
             * @description What orders the results of this search, more is better; only comparable within it. Absent in
             *     a context.
             */
            score?: number;
            /**
             * Format: double
             * @description The cosine of its embedding to that of the query, -1 to 1; null where none was compared.
             */
            similarity_score: number | null;
        };
        /** @description Health in one word, and the store's figures. */
        Health: {
            /** @description `ok`, or `read_only` while no command is accepted. */
            status: components["schemas"]["HealthStatus"];
            /** @description The store. */
            store: components["schemas"]["StoreFigures"];
            /** @description Why not. */
            why?: string;
        };
        /**
         * @description Whether commands are accepted.
         * @enum {string}
         */
        HealthStatus: "ok" | "read_only";
        /** @description Use per day. */
        History: {
            /**
             * Format: int64
             * @description How many days.
             */
            days: number;
            /** @description One row per day, the newest first. */
            history: components["schemas"]["HistoryRow"][];
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /** @description A day of [`History`]. */
        HistoryRow: {
            /** @description `2026-11-01`, UTC. */
            date: string;
        } & {
            [key: string]: number;
        };
        /** @description The keys of a user. */
        KeyList: {
            /** @description The newest first; at most 100. */
            keys: components["schemas"]["KeyRow"][];
        };
        /** @description A new API key. */
        KeyRequest: {
            /**
             * Format: date-time
             * @description From when on it is no longer accepted; never if absent.
             */
            expiresAt?: string | null;
            /** @description What to call it, 1 to 100 characters. */
            name: string;
            /** @description `usage:read`, `usage:write`, `memory`, `llm`, `admin`, `act_as`, `services`. */
            scopes: components["schemas"]["Scope"][];
            /**
             * Format: uuid
             * @description Whose key: an administrator may name another user.
             */
            userId?: string | null;
        };
        /** @description An API key without its secret. */
        KeyRow: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description From when on it is no longer accepted.
             */
            expiresAt: string | null;
            /**
             * Format: uuid
             * @description The key's id; not secret.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, to the hour.
             */
            lastUsedAt: string | null;
            /** @description What it is called. */
            name: string;
            /** @description Its first characters. */
            prefix: string;
            /** @description What it may do. */
            scopes: components["schemas"]["Scope"][];
        };
        /**
         * @description What happens beyond a cap.
         * @enum {string}
         */
        LimitMode: "hard" | "soft";
        /** @description All limits of a user. */
        Limits: {
            /** @description One per resource, by name. */
            resources: components["schemas"]["ResourceLimits"][];
            /**
             * @description The name of the tier.
             * @example free_trial
             */
            tier: string;
            /**
             * Format: date-time
             * @description When this was read.
             */
            timestamp: string;
            upgrade: components["schemas"]["Upgrade"] | null;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /**
         * @description Where a limit comes from.
         * @enum {string}
         */
        LimitSource: "tier" | "override";
        /** @description A limit with where the user stands under it. */
        LimitStanding: {
            /**
             * Format: int64
             * @description The most that may be used in a window; -1 is unlimited.
             */
            cap: number;
            /**
             * Format: int64
             * @description Set aside in it by open reservations.
             */
            held: number;
            /** @description What happens beyond the cap. */
            mode: components["schemas"]["LimitMode"];
            /**
             * @description Its name, unique within tier and resource.
             * @example day
             */
            name: string;
            /**
             * Format: date-time
             * @description When an override ends; null for one that does not, and for a limit of the tier.
             */
            overrideExpiresAt: string | null;
            /** @description Use in per cent of the cap; 0 if unlimited. */
            percentage: components["schemas"]["WirePercent"];
            /**
             * Format: int64
             * @description What is left, at least 0; -1 is unlimited.
             */
            remaining: number;
            /**
             * Format: date-time
             * @description When the window ends; null for a level and for all time.
             */
            resetsAt: string | null;
            /** @description Whose it is. */
            source: components["schemas"]["LimitSource"];
            /**
             * Format: int64
             * @description Used in the current window.
             */
            used: number;
            /** @description Percentages of the cap at which a threshold event is written. */
            warnAt: number[];
            /** @description The kind of window. */
            window: components["schemas"]["Window"];
        };
        /** @description A limit of a tier. */
        LimitView: {
            /**
             * Format: int64
             * @description The most that may be used in a window; -1 is unlimited.
             */
            cap: number;
            /** @description What happens beyond the cap. */
            mode: components["schemas"]["LimitMode"];
            /**
             * @description Its name, unique within tier and resource.
             * @example day
             */
            name: string;
            /** @description Percentages of the cap at which a threshold event is written. */
            warnAt: number[];
            /** @description The kind of window. */
            window: components["schemas"]["Window"];
        };
        /** @description The signed-in user. */
        Me: {
            /**
             * Format: date-time
             * @description Since when.
             */
            created_at: string;
            /** @description The address. */
            email: string | null;
            /**
             * Format: uuid
             * @description The user.
             */
            id: string;
            /** @description `student`, `subscriber`, `admin` or `service`. */
            role: components["schemas"]["Role"];
            /**
             * @description The name of the tier.
             * @example free_trial
             */
            subscription_tier: string;
            /**
             * Format: date-time
             * @description When the trial ends.
             */
            trial_ends_at: string | null;
        };
        /** @description A memory. Every field is there; what it does not have is null. */
        Memory: {
            /**
             * Format: int64
             * @description How often it was read.
             */
            access_count: number;
            /**
             * Format: double
             * @description How sure the application is of it, 0 to 1.
             */
            confidence_score: number | null;
            /** @description The verdict of the platform's judge, which is no part of NovaCore: always null. */
            constitution_valid: boolean | null;
            /**
             * Format: date-time
             * @description When it was stored.
             */
            created_at: string;
            /**
             * Format: double
             * @description How much it moved the user, -1 to 1.
             */
            emotional_weight: number | null;
            /**
             * Format: date-time
             * @description From when on it is gone; null for never.
             */
            expires_at: string | null;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /** @description What the user said, or the situation. */
            input_context: string;
            /**
             * Format: date-time
             * @description When it was last read.
             */
            last_accessed_at: string | null;
            /** @description The caller's own object. */
            metadata: {
                [key: string]: unknown;
            } | null;
            outcome: components["schemas"]["Outcome"] | null;
            /** @description What was answered, or done. */
            output_response: string | null;
            /** @description The conversation it belongs to, as the caller named it. */
            session_id: string | null;
            /**
             * Format: int64
             * @description What it counts, in bytes; charged in `itm` and `ltm`.
             */
            size_bytes: number;
            /** @description Its tags, each once. */
            tags: string[];
            /** @description How long it is kept: `stm`, `itm` or `ltm`. */
            tier: components["schemas"]["MemoryTier"];
            /** @description `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`. */
            type: components["schemas"]["MemoryType"];
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description Whose it is.
             */
            user_id: string;
        };
        /** @description How many memories there are. */
        MemoryCounts: {
            /**
             * Format: int64
             * @description Intermediate.
             */
            itm: number;
            /**
             * Format: int64
             * @description Long term.
             */
            ltm: number;
            /**
             * Format: int64
             * @description Short term.
             */
            stm: number;
            /**
             * Format: int64
             * @description In all.
             */
            total: number;
        };
        /** @description A page of memories, the newest first. */
        MemoryPage: {
            /** @description The memories. */
            memories: components["schemas"]["Memory"][];
            tier: components["schemas"]["MemoryTier"] | null;
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description The memories of a user in figures. */
        MemoryStats: {
            /** @description How many there are of each type; every type is named. */
            by_type: {
                [key: string]: number;
            };
            /** @description How far they can be found by meaning. */
            embeddings: components["schemas"]["EmbeddingState"];
            /** @description How many there are. */
            memory_counts: components["schemas"]["MemoryCounts"];
            /** @description What counts against `memory_storage`. */
            storage: components["schemas"]["TotalStorage"];
            /** @description What there is in each term. */
            tier_stats: components["schemas"]["TermsStats"];
            /**
             * Format: date-time
             * @description When this was read.
             */
            timestamp: string;
            /**
             * Format: uuid
             * @description The user.
             */
            user_id: string;
        };
        /**
         * @description How long a memory is kept.
         * @enum {string}
         */
        MemoryTier: "stm" | "itm" | "ltm";
        /**
         * @description What a memory is.
         * @enum {string}
         */
        MemoryType: "lesson" | "task" | "conversation" | "error" | "reflection" | "achievement";
        /** @description What the memories of a user take. Those that have expired count until they are swept. */
        MemoryUsage: {
            /** @description How many there are. */
            memory_counts: components["schemas"]["MemoryCounts"];
            /** @description What counts against `memory_storage`. */
            storage: components["schemas"]["TotalStorage"];
            /** @description What there is in each term. */
            tier_stats: components["schemas"]["TermsStats"];
            /**
             * Format: date-time
             * @description When this was read.
             */
            timestamp: string;
            /**
             * Format: uuid
             * @description The user.
             */
            user_id: string;
        };
        /** @description A day of [`ModelRow`]. */
        ModelDay: {
            /**
             * Format: int64
             * @description Used on that day.
             */
            amount: number;
            /** @description `2026-11-01`, UTC. */
            date: string;
        };
        /** @description How many memories have an embedding by a model. */
        ModelMemories: {
            /**
             * Format: int64
             * @description How many.
             */
            memories: number;
            /** @description The model; null for none. */
            model: string | null;
        };
        /** @description One model of [`ModelUse`]. */
        ModelRow: {
            /**
             * Format: int64
             * @description The sum of their amounts.
             */
            amount: number;
            /** @description Use per day, ascending; only days with entries. */
            days: components["schemas"]["ModelDay"][];
            /**
             * Format: int64
             * @description How many entries.
             */
            entries: number;
            /**
             * @description The member `model` of the entries' metadata, a string of at most 200 characters; null for
             *     entries without.
             */
            model: string | null;
        };
        /** @description What was used of a resource by model, as the metadata of entries name them. */
        ModelUse: {
            /**
             * Format: int64
             * @description How many days.
             */
            days: number;
            /**
             * @description Whether they account for all that was used: at most the newest 50,000 entries are read, and
             *     old ones may have left the ledger.
             */
            isComplete: boolean;
            /** @description The models, the largest amount first. */
            models: components["schemas"]["ModelRow"][];
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /**
             * Format: date-time
             * @description When this was read.
             */
            timestamp: string;
        };
        /** @description A new API key with its secret, which is shown this once. */
        NewKey: components["schemas"]["KeyRow"] & {
            /** @description The secret: what to send as bearer. */
            key: string;
        };
        /**
         * @description That there is no cap.
         * @enum {string}
         */
        NoLimit: "Unlimited";
        /**
         * @description What becomes of what is still held when a reservation runs out.
         * @enum {string}
         */
        OnExpiry: "release" | "charge";
        /**
         * @description How it went.
         * @enum {string}
         */
        Outcome: "success" | "failure" | "neutral";
        /** @description All overrides of a user. */
        OverrideList: {
            /** @description By resource and limit, in force or expired. */
            overrides: components["schemas"]["OverrideView"][];
        };
        /** @description A user's override. */
        OverrideView: {
            /** @description Who set it. */
            author: string;
            /**
             * Format: int64
             * @description The cap; -1 is unlimited, null is the tier's.
             */
            cap: number | null;
            /**
             * Format: date-time
             * @description From when on it no longer applies.
             */
            expiresAt: string | null;
            /** @description Whether it applies now. */
            inForce: boolean;
            /** @description The name of the limit; null is the resource's first limit. */
            limit: string | null;
            mode: components["schemas"]["LimitMode"] | null;
            /** @description Why. */
            reason: string;
            /** @description The resource. */
            resourceType: string;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
            /** @description The thresholds; null is the tier's. */
            warnAt: number[] | null;
        };
        /** @description What all users together used. */
        Overview: {
            /**
             * Format: int64
             * @description How many users have used anything in the period: of a level, have moved it.
             */
            activeUsers: number;
            /**
             * Format: int64
             * @description How many days.
             */
            days: number;
            /** @description One row per resource. */
            resources: components["schemas"]["OverviewRow"][];
            /**
             * Format: date-time
             * @description When this was counted: of many users, up to ten minutes ago, since counting takes long.
             */
            timestamp: string;
        };
        /** @description One resource of [`Overview`]. */
        OverviewRow: {
            /**
             * Format: int64
             * @description Used in the period; of a level, what is held now.
             */
            amount: number;
            /** @description The amount in its unit. */
            humanReadable: string;
            /** @description The resource. */
            resourceType: string;
            /** @description Those who used most. */
            top: components["schemas"]["OverviewUser"][];
            /**
             * Format: int64
             * @description How many users have used it; of a level, how many hold some now.
             */
            users: number;
        };
        /** @description A user of [`OverviewRow`]. */
        OverviewUser: {
            /**
             * Format: int64
             * @description How much.
             */
            amount: number;
            /** @description The address; null for one known only from a service call. */
            email: string | null;
            /** @description The amount in its unit. */
            humanReadable: string;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /** @description A limit that would be another. */
        PreviewChange: {
            /**
             * Format: int64
             * @description The tier's cap then; -1 is unlimited, null is no such limit.
             */
            capAfter: number | null;
            /**
             * Format: int64
             * @description The tier's cap now; -1 is unlimited, null is no such limit.
             */
            capBefore: number | null;
            /**
             * @description The limit.
             * @example day
             */
            name: string;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /**
             * Format: int64
             * @description Users whose use is at the new cap or over, and is not under the cap of now. Users whose
             *     override replaces the cap do not count.
             */
            usersOver: number;
            /** @description Its kind of window; of a limit that would go, that of now. */
            window: components["schemas"]["Window"];
        };
        /** @description A user who would be at a cap or over. */
        PreviewExample: {
            /**
             * Format: int64
             * @description The tier's cap then; -1 is unlimited, null is no such limit.
             */
            capAfter: number | null;
            /**
             * Format: int64
             * @description The tier's cap now; -1 is unlimited, null is no such limit.
             */
            capBefore: number | null;
            /** @description The address; null for one known only from a service call. */
            email: string | null;
            /**
             * @description The limit.
             * @example day
             */
            name: string;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /**
             * Format: int64
             * @description Used in its window.
             */
            used: number;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /** @description The limits of a tier as they might be. */
        PreviewRequest: {
            /** @description Limits by resource; a resource without limits is unlimited. */
            limits: {
                [key: string]: components["schemas"]["PutLimit"][];
            };
        };
        /** @description A probe's answer. */
        Probe: {
            /** @description `ok` or `not ready`. */
            status: components["schemas"]["ProbeStatus"];
        };
        /**
         * @description What a probe finds.
         * @enum {string}
         */
        ProbeStatus: "ok" | "not ready";
        /** @description How a problem looks in JSON, for the API description. */
        Problem: {
            /**
             * Format: int64
             * @description 422: how much of the level could be given back.
             */
            available?: number;
            /** @description What is wrong this time. */
            detail: string;
            /** @description The same as `title`. */
            error: string;
            /** @description 422: the field, parameter or header that is invalid. */
            field?: string;
            /**
             * Format: int64
             * @description 429: held in the window.
             */
            held?: number;
            /**
             * Format: int64
             * @description 429: the most that may be used in a window.
             */
            limit?: number;
            /** @description 429: the name of the limit. */
            limit_name?: string;
            /** @description The same as `detail`. */
            message: string;
            /**
             * Format: int64
             * @description 429: what would be admitted now.
             */
            remaining?: number;
            /**
             * Format: int64
             * @description 429: what was asked.
             */
            requested?: number;
            /** @description 409: how the reservation has ended. */
            reservation_status?: components["schemas"]["ReservationStatus"];
            /**
             * Format: date-time
             * @description 429: when the window ends; null if never.
             */
            resets_at?: string | null;
            /** @description 429: what is limited. */
            resource_type?: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What kind of problem it is, in words. */
            title: string;
            /**
             * @description A stable URI that names the kind of problem.
             * @example urn:novacore:problem:quota-exceeded
             */
            type: string;
            /** @description 429: the first higher tier in which it would fit; null if none. */
            upgrade_to?: string | null;
            /**
             * Format: int64
             * @description 429: used in the window.
             */
            used?: number;
        };
        /** @description Which term a memory rises to. */
        PromoteRequest: {
            /** @description `itm` or `ltm`, and longer than what it has. */
            target_tier: components["schemas"]["MemoryTier"];
        };
        /** @description A limit as it shall be. */
        PutLimit: {
            /** @description The most that may be used in a window; -1 is unlimited. */
            cap: components["schemas"]["WireAmount"];
            mode?: components["schemas"]["LimitMode"] | null;
            /** @description Its name; that of its window if absent. */
            name?: string | null;
            /**
             * @description Percentages of the cap, 1 to 100, at which a threshold event is written; 80 and 100 if
             *     absent.
             */
            warnAt?: number[] | null;
            /** @description `hour`, `day`, `week`, `month` or `lifetime`. */
            window: components["schemas"]["Window"];
        };
        /** @description Parts of a user's limit that shall replace the tier's. Absent parts stay the tier's. */
        PutOverrideRequest: {
            cap?: components["schemas"]["WireAmount"] | null;
            /**
             * Format: date-time
             * @description From when on it no longer applies; it stays until removed if absent.
             */
            expiresAt?: string | null;
            mode?: components["schemas"]["LimitMode"] | null;
            /** @description Why, for the audit log. */
            reason: string;
            /** @description Percentages of the cap, 1 to 100, at which a threshold event is written. */
            warnAt?: number[] | null;
        };
        /** @description A tier as it shall be. */
        PutTierRequest: {
            /** @description Limits by resource; a resource without limits is unlimited. */
            limits: {
                [key: string]: components["schemas"]["PutLimit"][];
            };
            /**
             * Format: int32
             * @description Tiers are offered as upgrades in ascending rank; as it was if absent, above all others for a
             *     new tier.
             */
            rank?: number | null;
            /** @description Why, for the audit log. */
            reason: string;
        };
        /** @description The quota at a glance. */
        Quota: {
            /** @description `agent_minutes`. */
            agentMinutes: components["schemas"]["QuotaRow"];
            /** @description `messages`. */
            messages: components["schemas"]["QuotaRow"];
            /**
             * Format: date-time
             * @description When the window of the tokens ends.
             */
            resetsAt: string | null;
            /** @description `memory_storage`. */
            storage: components["schemas"]["QuotaStorage"];
            /**
             * @description The name of his tier.
             * @example free_trial
             */
            tier: string;
            /** @description `llm_tokens`. */
            tokens: components["schemas"]["QuotaRow"];
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /** @description Whether there is room for more. */
        QuotaCheck: {
            /**
             * Format: int64
             * @description Bytes of `memory_storage` used.
             */
            current_usage: number;
            /** @description Whether anything more would be admitted. */
            has_quota: boolean;
            /** @description The cap in bytes, or `Unlimited`. */
            limit: components["schemas"]["StorageLimit"];
            /**
             * @description `Storage quota available`, `Warning: 85.0% of storage quota used`, or
             *     `Storage quota exceeded. Please upgrade your plan.`
             */
            message: string;
            /** @description Use in per cent of the cap; 0 if unlimited. */
            percentage_used: components["schemas"]["WirePercent"];
        };
        /** @description One resource of [`Quota`]. */
        QuotaRow: {
            /**
             * Format: int64
             * @description The cap; -1 is unlimited.
             */
            limit: number;
            /** @description Use in per cent of the cap; 0 if unlimited. */
            percentage: components["schemas"]["WirePercent"];
            /**
             * Format: int64
             * @description What is left; -1 is unlimited.
             */
            remaining: number;
            /**
             * Format: int64
             * @description Used in the window.
             */
            used: number;
        };
        /** @description The storage of [`Quota`]. */
        QuotaStorage: {
            /**
             * Format: int64
             * @description The cap in bytes; -1 is unlimited.
             */
            limit: number;
            /** @description `1.00 GB`, or `Unlimited`. */
            limitHuman: string;
            /** @description Use in per cent of the cap; 0 if unlimited. */
            percentage: components["schemas"]["WirePercent"];
            /**
             * Format: int64
             * @description Bytes.
             */
            used: number;
            /** @description `6.59 KB`. */
            usedHuman: string;
        };
        /** @description What was recorded. */
        Recorded: {
            /**
             * Format: int64
             * @description How much.
             */
            amount: number;
            /**
             * Format: uuid
             * @description The entry.
             */
            entryId: string;
            /** @description In words. */
            message: string;
            /** @description The resource. */
            resourceType: string;
            /** @description Always true. */
            success: boolean;
            /**
             * Format: uuid
             * @description Whose use.
             */
            userId: string;
        };
        /** @description Use that has happened, or asks to be admitted. */
        RecordRequest: {
            /** @description How much; below zero gives back, which on a flow must name what it corrects. */
            amount: components["schemas"]["WireAmount"];
            /**
             * Format: uuid
             * @description The entry that a negative amount corrects.
             */
            corrects?: string | null;
            /** @description Admit or refuse it like a reservation. */
            enforce?: boolean;
            /** @description Any JSON object of at most 2 KiB. */
            metadata?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When it occurred, if not now: within the last 400 days.
             */
            occurredAt?: string | null;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /**
             * Format: uuid
             * @description Whose use.
             */
            userId: string;
        };
        /** @description The successors of a refresh token and its JWT. */
        Refreshed: {
            /** @description A JWT for calls. */
            accessToken: string;
            /** @description Good for one use. Absent if it is in the cookie. */
            refreshToken?: string;
        };
        /** @description A refresh token. */
        RefreshRequest: {
            /** @description The token. */
            refreshToken: string;
        };
        /** @description A refusal by a limit. */
        Refusal: {
            /**
             * Format: date-time
             * @description When it was judged.
             */
            at: string;
            /**
             * Format: int64
             * @description The cap.
             */
            cap: number;
            /**
             * Format: int64
             * @description Set aside in it then.
             */
            held: number;
            /**
             * @description The name of the limit; of several that refused, the one whose window ends last.
             * @example day
             */
            limit: string;
            /**
             * Format: int64
             * @description What would have been admitted.
             */
            remaining: number;
            /**
             * Format: int64
             * @description What was asked for.
             */
            requested: number;
            /**
             * Format: date-time
             * @description When the window ends; null if waiting does not help.
             */
            resetsAt: string | null;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /**
             * Format: int64
             * @description Used in the window then.
             */
            used: number;
            /** @description The kind of window. */
            window: components["schemas"]["Window"];
        };
        /**
         * @description What limits have refused the user lately. A refusal changes nothing and is no entry of the
         *     ledger: it is remembered in the memory of the node that refused, and this node tells its own,
         *     since its start: of the last 1,000 of all users at most 50 of one.
         */
        RefusalPage: {
            /** @description The newest first. */
            refusals: components["schemas"]["Refusal"][];
            /**
             * Format: date-time
             * @description When this node started, and so since when it remembers.
             */
            since: string;
        };
        /** @description A reservation. */
        Reservation: {
            /** @description One row per resource. */
            amounts: components["schemas"]["ReservationAmount"][];
            /**
             * Format: date-time
             * @description When it runs out, or ran out.
             */
            expiresAt: string;
            /** @description What becomes of what is still held then. */
            onExpiry: components["schemas"]["OnExpiry"];
            /** @description The reservation. */
            reservationId: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            reservedAt: string;
            /** @description `open`, `settled`, `released`, `expired`, `settled_late`. */
            status: components["schemas"]["ReservationStatus"];
            /**
             * Format: uuid
             * @description For whom.
             */
            userId: string;
        };
        /** @description One resource of a [`Reservation`]. */
        ReservationAmount: {
            /**
             * Format: int64
             * @description What was charged.
             */
            charged: number;
            /**
             * Format: int64
             * @description What is set aside now.
             */
            held: number;
            /**
             * Format: int64
             * @description All that was set aside.
             */
            reserved: number;
            /** @description The resource. */
            resourceType: string;
        };
        /**
         * @description Where a reservation stands.
         * @enum {string}
         */
        ReservationStatus: "open" | "settled" | "released" | "expired" | "settled_late";
        /** @description A reservation that was made or extended. */
        Reserved: {
            /** @description Where the account stands. */
            decision: components["schemas"]["Decision"];
            /**
             * Format: date-time
             * @description When it runs out.
             */
            expiresAt: string | null;
            /**
             * @description The reservation.
             * @example res_0123456789abcdef0011223344556677_42
             */
            reservationId: string;
        };
        /** @description Sets headroom aside, all or nothing. */
        ReserveRequest: {
            /** @description 1 to 8 amounts, each resource once. */
            amounts: components["schemas"]["AmountOf"][];
            /** @description Any JSON object of at most 2 KiB. */
            metadata?: {
                [key: string]: unknown;
            } | null;
            onExpiry?: components["schemas"]["OnExpiry"] | null;
            /**
             * Format: int64
             * @description Time to live, 1 to 3,600 seconds; 300 if absent.
             * @default 300
             */
            ttlSeconds?: number | null;
            /**
             * Format: uuid
             * @description For whom; the caller if absent.
             */
            userId?: string | null;
        };
        /** @description What limits a resource. */
        ResourceLimits: {
            /**
             * Format: int64
             * @description Set aside in that window by open reservations.
             */
            held: number;
            /** @description Whether it is held at a level, like storage, and not used up in a window. */
            isLevel: boolean;
            /** @description Its limits in the tier's order; empty if nothing limits it. */
            limits: components["schemas"]["LimitStanding"][];
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /**
             * @description The word for one of it, as configured: `tokens`, `bytes`, `minutes`, `messages`.
             * @example tokens
             */
            unit: string;
            /**
             * Format: int64
             * @description Used in the window of the limit with the least room; today, or of a level now, where nothing
             *     limits it.
             */
            used: number;
        };
        /**
         * @description What a user is.
         * @enum {string}
         */
        Role: "student" | "subscriber" | "admin" | "service";
        /**
         * @description What an API key may do.
         * @enum {string}
         */
        Scope: "usage:read" | "usage:write" | "memory" | "llm" | "admin" | "act_as" | "services";
        /**
         * @description How memories are looked for.
         * @enum {string}
         */
        SearchMode: "semantic" | "keyword" | "hybrid";
        /** @description What is looked for. */
        SearchRequest: {
            /**
             * Format: date-time
             * @description Only memories stored at this time or later.
             */
            created_from?: string | null;
            /**
             * Format: date-time
             * @description Only memories stored before this time.
             */
            created_to?: string | null;
            /** @description The caller's own embedding of the query, by the model and of the dimension in use. */
            embedding?: number[] | null;
            /**
             * Format: int64
             * @description Most results, 1 to 100; 10 if absent.
             * @default 10
             */
            limit?: number | null;
            memory_type?: components["schemas"]["MemoryType"] | null;
            /**
             * Format: double
             * @description Only memories with at least this confidence, 0 to 1.
             */
            min_confidence?: number | null;
            mode?: components["schemas"]["SearchMode"] | null;
            /** @description In words; at most 16 KiB. */
            query: string;
            /** @description Only memories of this session. */
            session_id?: string | null;
            /** @description Only memories with all of these tags. */
            tags_all?: string[] | null;
            /** @description Only memories with one of these tags. */
            tags_any?: string[] | null;
            tier?: components["schemas"]["MemoryTier"] | null;
        };
        /** @description What a search found, best first. */
        SearchResults: {
            /** @description Whether this is not the mode that was asked for. */
            degraded: boolean;
            /** @description Why it is not. */
            degraded_reason?: string;
            /** @description How it was looked for: `semantic`, `keyword` or `hybrid`. */
            mode: components["schemas"]["SearchMode"];
            /** @description What was looked for. */
            query: string;
            /** @description The memories. */
            results: components["schemas"]["FoundMemory"][];
            /** @description How many these are. */
            total: number;
            /**
             * Format: int64
             * @description About how many of the user's memories have no embedding yet, so that they could not be found
             *     by meaning.
             */
            unembedded: number;
        };
        /** @description A day of [`UsageSeries`]. */
        SeriesDay: {
            /**
             * Format: int64
             * @description Used on that day; of a level, what all held at its end.
             */
            amount: number;
            /** @description `2026-11-01`, UTC. */
            date: string;
            /**
             * Format: int64
             * @description How many users have used it that day; of a level, how many held some at its end.
             */
            users: number;
        };
        /** @description The sessions of a user. */
        SessionList: {
            /** @description The last used first; at most 64. */
            sessions: components["schemas"]["SessionRow"][];
        };
        /** @description The short-term memories of a session, the newest first. */
        SessionMemories: {
            /** @description The memories. */
            memories: components["schemas"]["Memory"][];
            /** @description The session. */
            session_id: string;
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
        };
        /** @description One sign-in. */
        SessionRow: {
            /**
             * Format: date-time
             * @description When the user signed in.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ends.
             */
            expiresAt: string;
            /**
             * Format: uuid
             * @description The session.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was last refreshed.
             */
            refreshedAt: string;
        };
        /** @description How many sessions were ended. */
        SessionsEnded: {
            /** @description How many. */
            ended: number;
            /** @description Always true. */
            success: boolean;
        };
        /** @description Whether a user's account shall be shut. */
        SetDisabledRequest: {
            /** @description Shut or open. */
            disabled: boolean;
            /** @description Why, for the audit log. */
            reason: string;
        };
        /** @description A user's role as it shall be. */
        SetRoleRequest: {
            /** @description Why, for the audit log. */
            reason: string;
            /** @description `student`, `subscriber`, `admin` or `service`. */
            role: components["schemas"]["Role"];
        };
        /** @description A user's tier as it shall be. */
        SetTierRequest: {
            /** @description Why, for the audit log. */
            reason: string;
            /**
             * @description The tier.
             * @example basic
             */
            tier: string;
        };
        /** @description A reservation that was settled or released. */
        Settled: {
            /** @description Where the account stands. */
            decision: components["schemas"]["Decision"];
            /** @description The reservation. */
            reservationId: string;
            /** @description `open` after a partial settle, else `settled`, `settled_late` or `released`. */
            status: components["schemas"]["ReservationStatus"];
        };
        /** @description Charges use under a reservation. */
        SettleRequest: {
            /**
             * @description What was used since the last settle; it may exceed what is held, and a resource left out
             *     counts 0.
             */
            amounts: components["schemas"]["AmountOf"][];
            /** @description Whether this ends the reservation; true if absent. */
            final?: boolean | null;
            /** @description Any JSON object of at most 2 KiB. */
            metadata?: {
                [key: string]: unknown;
            } | null;
        };
        /** @description A user who has registered or signed in. */
        SignedIn: {
            /** @description A JWT for calls. */
            accessToken: string;
            /** @description Good for one use at `/auth/refresh`. Absent if it is in the cookie. */
            refreshToken?: string;
            /** @description The user. */
            user: components["schemas"]["SignedInUser"];
        };
        /** @description The user of [`SignedIn`]. */
        SignedInUser: {
            /** @description The address. */
            email: string | null;
            /**
             * Format: uuid
             * @description The user.
             */
            id: string;
            /** @description `student`, `subscriber`, `admin` or `service`. */
            role: components["schemas"]["Role"];
            /**
             * @description The name of the tier.
             * @example free_trial
             */
            subscription_tier: string;
            /**
             * Format: date-time
             * @description When the trial ends.
             */
            trial_ends_at: string | null;
        };
        /** @description Where the account stands with a resource. */
        StandingRow: {
            /**
             * Format: int64
             * @description What the next call would be granted; -1 is no bound.
             */
            grantable: number;
            /**
             * Format: int64
             * @description Held in that window.
             */
            held: number;
            /**
             * Format: int64
             * @description The cap; -1 is unlimited.
             */
            limit: number;
            /**
             * Format: int64
             * @description What is left; -1 is unlimited.
             */
            remaining: number;
            /**
             * Format: date-time
             * @description When the window ends; null for a level.
             */
            resetsAt: string | null;
            /** @description The resource. */
            resourceType: string;
            /**
             * Format: int64
             * @description Used in that window.
             */
            used: number;
            /** @description The kind of window of the limit with the least room. */
            window: components["schemas"]["Window"];
        };
        /** @description The use of the last days, and the limits. */
        Stats: {
            /** @description One row per resource. */
            breakdown: components["schemas"]["StatsRow"][];
            /** @description The caps of the built-in resources; -1 is unlimited. */
            limits: components["schemas"]["StatsLimits"];
            /** @description `last_30_days`. */
            period: string;
            /**
             * Format: date-time
             * @description When this was read.
             */
            timestamp: string;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
            /** @description `llm_tokens at 90.0% of quota`, `llm_tokens quota exceeded (104.0%)`. */
            warnings: string[];
        };
        /** @description The caps that the platform's clients show. */
        StatsLimits: {
            /**
             * Format: int64
             * @description Agent minutes per month.
             */
            agentMinutesMonth: number;
            /**
             * Format: int64
             * @description Tokens per day.
             */
            llmTokensDay: number;
            /**
             * Format: int64
             * @description Bytes stored.
             */
            memoryStorageBytes: number;
        };
        /** @description One resource of [`Stats`]. */
        StatsRow: {
            /**
             * Format: int64
             * @description Used in the period; of a level, what is held now.
             */
            amount: number;
            /** @description The current window. */
            current: components["schemas"]["Current"];
            /** @description The amount in its unit. */
            humanReadable: string;
            /** @description Use of the current window in per cent of its limit; absent if unlimited. */
            percentage?: components["schemas"]["WirePercent"];
            /** @description The resource. */
            resourceType: string;
        };
        /** @description What this is. */
        Status: {
            /** @description `novacore`. */
            service: string;
            /** @description `ok` or `read_only`. */
            status: components["schemas"]["HealthStatus"];
            /**
             * Format: date-time
             * @description The server's time.
             */
            timestamp: string;
            /** @description Services and providers behind the gateway. */
            upstreams?: components["schemas"]["Upstream"][];
            /** @description The version. */
            version: string;
        };
        /** @description A turn of a conversation, for short-term memory. */
        StmRequest: {
            /** @description What the user said; not only white space, at most 1 MiB. */
            input: string;
            /** @description What was answered; at most 1 MiB. */
            output?: string | null;
            /**
             * Format: int64
             * @description How many tokens it took, at least 0; kept in the memory's metadata.
             */
            tokens?: number | null;
        };
        /** @description What is stored. */
        Storage: {
            /** @description `6.59 KB`. */
            humanReadable: string;
            /**
             * Format: int64
             * @description The cap; -1 is unlimited.
             */
            limit: number;
            /** @description Use in per cent of the cap; 0 if unlimited. */
            percentage: components["schemas"]["WirePercent"];
            /**
             * Format: int64
             * @description Bytes.
             */
            used: number;
        };
        /** @description A cap in bytes, or the word `Unlimited`. */
        StorageLimit: number | components["schemas"]["NoLimit"];
        /** @description The store's figures. */
        StoreFigures: {
            /** @description Accounts in memory. */
            accountsLoaded: number;
            /**
             * Format: int64
             * @description Entries that derived data lag behind.
             */
            derivedLag: number;
            /**
             * Format: int64
             * @description Entries ever written; where nodes share a ledger, by this one since it started.
             */
            entries: number;
            /** @description Commands that wait. */
            queueDepth: number;
            /** @description Whether commands are accepted. */
            writable: boolean;
        };
        /** @description A memory to store. */
        StoreRequest: {
            /**
             * Format: double
             * @description How sure the application is of it, 0 to 1.
             */
            confidence_score?: number | null;
            /** @description The caller's own embedding of the text, by the model and of the dimension in use. */
            embedding?: number[] | null;
            /**
             * Format: double
             * @description How much it moved the user, -1 to 1.
             */
            emotional_weight?: number | null;
            /** @description What the user said, or the situation; not only white space, at most 1 MiB. */
            input_context: string;
            /** @description Any JSON object of at most 16 KiB and 16 levels. */
            metadata?: {
                [key: string]: unknown;
            } | null;
            outcome?: components["schemas"]["Outcome"] | null;
            /** @description What was answered, or done; at most 1 MiB. */
            output_response?: string | null;
            /** @description The caller's own name for the conversation, 1 to 255 characters. */
            session_id?: string | null;
            /** @description At most 64 tags of at most 128 bytes; one that comes again is left out. */
            tags?: string[] | null;
            /** @description How long it is kept: `stm` for an hour, `itm` for seven days, `ltm` for good. */
            tier: components["schemas"]["MemoryTier"];
            /** @description `lesson`, `task`, `conversation`, `error`, `reflection` or `achievement`. */
            type: components["schemas"]["MemoryType"];
        };
        /** @description What there is in each term. */
        TermsStats: {
            /** @description Intermediate. */
            itm: components["schemas"]["TermStats"];
            /** @description Long term. */
            ltm: components["schemas"]["TermStats"];
            /** @description Short term, which is not charged. */
            stm: components["schemas"]["TermStats"];
        };
        /** @description What there is in a term. */
        TermStats: {
            /**
             * Format: int64
             * @description Bytes of input and output, of the average memory, rounded down.
             */
            avg_text_size: number;
            /**
             * Format: int64
             * @description How many memories.
             */
            memory_count: number;
            /**
             * Format: int64
             * @description What they count, in bytes.
             */
            size_bytes: number;
            /** @description The same as `6.59 KB`. */
            total_text_human: string;
            /**
             * Format: int64
             * @description Bytes of input and output, of all of them.
             */
            total_text_size: number;
        };
        /** @description A threshold that was crossed. */
        ThresholdRow: {
            /**
             * Format: int64
             * @description The cap at that moment.
             */
            limit: number;
            /**
             * @description The name of the limit.
             * @example day
             */
            limitName: string;
            /**
             * Format: int32
             * @description The threshold in per cent of the cap.
             */
            percent: number;
            /**
             * Format: int64
             * @description What was used at that moment.
             */
            used: number;
            /** @description The kind of its window. */
            window: components["schemas"]["Window"];
        };
        /** @description All tiers. */
        TierList: {
            /** @description By ascending rank. */
            tiers: components["schemas"]["TierView"][];
        };
        /** @description The tier. */
        TierOf: {
            /**
             * @description The name of his tier.
             * @example free_trial
             */
            tier: string;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /** @description Whom a change of a tier would affect. */
        TierPreview: {
            /** @description The limits that would be others, by resource and name. */
            changes: components["schemas"]["PreviewChange"][];
            /** @description At most 20 users who would be at a cap or over, those furthest over first. */
            examples: components["schemas"]["PreviewExample"][];
            /** @description Whether those were all: at most 10,000 are looked at. */
            isComplete: boolean;
            /**
             * @description The tier.
             * @example basic
             */
            tier: string;
            /**
             * Format: int64
             * @description How many of its users were looked at; 0 for a tier that does not exist.
             */
            users: number;
        };
        /** @description A tier. */
        TierView: {
            /** @description Limits by resource; a resource without limits is unlimited. */
            limits: {
                [key: string]: components["schemas"]["LimitView"][];
            };
            /**
             * @description Its name.
             * @example basic
             */
            name: string;
            /**
             * Format: int32
             * @description Tiers are offered as upgrades in ascending rank.
             */
            rank: number;
        };
        /** @description Today's tokens. */
        Tokens: {
            /**
             * Format: int64
             * @description The cap; -1 is unlimited.
             */
            limit: number;
            /** @description Use in per cent of the cap; 0 if unlimited. */
            percentage: components["schemas"]["WirePercent"];
            /**
             * Format: int64
             * @description What is left; -1 is unlimited.
             */
            remaining: number;
            /**
             * Format: date-time
             * @description When the window ends.
             */
            resetsAt: string | null;
            /**
             * Format: int64
             * @description Used in the window.
             */
            used: number;
        };
        /** @description What counts against `memory_storage`: the memories in `itm` and `ltm`. */
        TotalStorage: {
            /**
             * Format: int64
             * @description Bytes.
             */
            total_bytes: number;
            /** @description `6.59 KB`. */
            total_human_readable: string;
        };
        /** @description Changes of a memory: what is left out stays, null takes away. */
        UpdateRequest: {
            /**
             * Format: double
             * @description Another confidence, 0 to 1, or none.
             */
            confidence_score?: number | null;
            /** @description The caller's own embedding of the text as it is after the change. */
            embedding?: number[] | null;
            /**
             * Format: double
             * @description Another weight, -1 to 1, or none.
             */
            emotional_weight?: number | null;
            /** @description Another input; not null. */
            input_context?: string | null;
            /** @description Another object, all of it, or none. */
            metadata?: {
                [key: string]: unknown;
            } | null;
            outcome?: components["schemas"]["Outcome"] | null;
            /** @description Another output, or none. */
            output_response?: string | null;
            /** @description Another session, or none. */
            session_id?: string | null;
            /** @description Other tags, all of them, or none. */
            tags?: string[] | null;
            type?: components["schemas"]["MemoryType"] | null;
        };
        /** @description A tier that a user does not have yet. */
        Upgrade: {
            /** @description All its limits, by resource; a resource that is not among them is unlimited there. */
            limits: components["schemas"]["UpgradeLimit"][];
            /**
             * @description The tier.
             * @example basic
             */
            tier: string;
        };
        /** @description A limit of [`Upgrade`]. */
        UpgradeLimit: {
            /**
             * Format: int64
             * @description The most that may be used in a window; -1 is unlimited.
             */
            cap: number;
            /**
             * @description Its name.
             * @example day
             */
            name: string;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /** @description The kind of window. */
            window: components["schemas"]["Window"];
        };
        /** @description A service or provider behind the gateway. */
        Upstream: {
            /** @description The route's prefix (with `#1`, `#2` where it has several upstreams), or the provider's name. */
            name: string;
            /** @description `up`, `down` while calls fail or are refused for it, or `unknown` before the first call. */
            status: components["schemas"]["UpstreamStatus"];
        };
        /**
         * @description How a service or provider is: `down` while calls fail or are refused for it, `unknown` before the first call.
         * @enum {string}
         */
        UpstreamStatus: "unknown" | "up" | "down";
        /** @description The use that an event states. */
        UsageData: {
            /** @description How much; below zero gives back, which on a flow must name what it corrects. */
            amount: components["schemas"]["WireAmount"];
            /**
             * Format: uuid
             * @description The entry that a negative amount corrects.
             */
            corrects?: string | null;
            /** @description Any JSON object of at most 2 KiB. */
            metadata?: {
                [key: string]: unknown;
            } | null;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
        };
        /** @description An event that states usage. `source` and `id` together are its idempotency key. */
        UsageEvent: {
            /** @description What was used. */
            data: components["schemas"]["UsageData"];
            /** @description Unique within its source. */
            id: string;
            /**
             * @description Where it comes from, a URI reference.
             * @example /agents/eu-1
             */
            source: string;
            /**
             * @description `1.0`.
             * @example 1.0
             */
            specversion: string;
            /** @description Whose use, a UUID; the caller if absent. */
            subject?: string | null;
            /**
             * Format: date-time
             * @description When it occurred, if not now: within the last 400 days.
             */
            time?: string | null;
            /** @description Any name, such as `com.example.tokens.used`. */
            type: string;
        };
        /** @description What all users together used of a resource, day by day. */
        UsageSeries: {
            /**
             * Format: int64
             * @description How many days.
             */
            days: number;
            /**
             * @description The resource.
             * @example llm_tokens
             */
            resourceType: string;
            /** @description Every day of the range, ascending. */
            series: components["schemas"]["SeriesDay"][];
            /**
             * Format: date-time
             * @description When this was counted: of many users, up to ten minutes ago, since counting takes long.
             */
            timestamp: string;
        };
        /** @description A page of users, by ascending id. */
        UserPage: {
            /** @description Where the next page starts; null on the last one. */
            nextCursor: string | null;
            /** @description The users. */
            users: components["schemas"]["UserView"][];
        };
        /** @description A refusal, and whose it is. */
        UserRefusal: components["schemas"]["Refusal"] & {
            /** @description The address; null for one known only from a service call. */
            email: string | null;
            /**
             * Format: uuid
             * @description The user.
             */
            userId: string;
        };
        /** @description A user as an operator sees him. */
        UserView: {
            /**
             * Format: date-time
             * @description When the user was created or first seen.
             */
            createdAt: string;
            /** @description Whether the account is shut. */
            disabled: boolean;
            /** @description The address; null for one known only from a service call. */
            email: string | null;
            /**
             * Format: uuid
             * @description The user.
             */
            id: string;
            /** @description `student`, `subscriber`, `admin` or `service`. */
            role: components["schemas"]["Role"];
            /**
             * @description The name of the tier.
             * @example free_trial
             */
            tier: string;
            /**
             * Format: date-time
             * @description When the trial ends.
             */
            trialEndsAt: string | null;
        };
        /**
         * @description The stretch of time over which a limit sums; `lifetime` is that of levels.
         * @enum {string}
         */
        Window: "hour" | "day" | "week" | "month" | "lifetime";
        /**
         * Format: int64
         * @description An amount: a JSON number without fraction or exponent, within ±(2^53 - 1).
         *
         *     It is read from the raw text, since a JSON library would round `1e16` or take `5.0` for 5.
         */
        WireAmount: number;
        /** Format: double */
        WirePercent: number;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_admin_audit: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                target?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The audit log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_decisions: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What this node has decided and refused since it started */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Decisions"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_memory_embeddings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far embedding has come */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmbeddingProgress"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_tiers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All tiers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierList"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_tiers_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A tier */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_admin_tiers_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutTierRequest"];
            };
        };
        responses: {
            /** @description Add or replace a tier */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_admin_tiers_name_preview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewRequest"];
            };
        };
        responses: {
            /** @description Whom a change of a tier would affect; changes nothing */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierPreview"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_usage: {
        parameters: {
            query?: {
                days?: number;
                top?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What all users use */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_usage_series: {
        parameters: {
            query?: {
                days?: number;
                resourceType?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What all users use, day by day */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageSeries"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_users: {
        parameters: {
            query?: {
                cursor?: string;
                limit?: number;
                search?: string;
                tier?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_users_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_admin_users_id_disabled: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetDisabledRequest"];
            };
        };
        responses: {
            /** @description Shut or open an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_admin_users_id_memories: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EraseRequest"];
            };
        };
        responses: {
            /** @description Erase all memories of a user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erased"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_users_id_overrides: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All overrides of a user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverrideList"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_admin_users_id_overrides_resource: {
        parameters: {
            query?: {
                limit?: string;
            };
            header?: never;
            path: {
                id: string;
                resource: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A user's override */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverrideView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_admin_users_id_overrides_resource: {
        parameters: {
            query?: {
                limit?: string;
            };
            header?: never;
            path: {
                id: string;
                resource: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutOverrideRequest"];
            };
        };
        responses: {
            /** @description Override a user's limit */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverrideView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_admin_users_id_overrides_resource: {
        parameters: {
            query: {
                limit?: string;
                reason: string;
            };
            header?: never;
            path: {
                id: string;
                resource: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove an override */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_admin_users_id_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetRoleRequest"];
            };
        };
        responses: {
            /** @description Set a user's role */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_admin_users_id_tier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetTierRequest"];
            };
        };
        responses: {
            /** @description Set a user's tier */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserView"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_auth_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's API keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_auth_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyRequest"];
            };
        };
        responses: {
            /** @description Create an API key, shown once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_auth_keys_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoke an API key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_auth_login: {
        parameters: {
            query?: never;
            header?: {
                /** @description Keeps the refresh token in the cookie `novacore_refresh`, for pages of this origin; it is in no body then. */
                "NovaCore-Session"?: "cookie";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Credentials"];
            };
        };
        responses: {
            /** @description Sign in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_auth_logout: {
        parameters: {
            query?: never;
            header?: {
                /** @description Keeps the refresh token in the cookie `novacore_refresh`, for pages of this origin; it is in no body then. */
                "NovaCore-Session"?: "cookie";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description End this session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_auth_logout_all: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description End all sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionsEnded"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_auth_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who am I */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_auth_refresh: {
        parameters: {
            query?: never;
            header?: {
                /** @description Keeps the refresh token in the cookie `novacore_refresh`, for pages of this origin; it is in no body then. */
                "NovaCore-Session"?: "cookie";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description Rotate the refresh token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refreshed"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_auth_register: {
        parameters: {
            query?: never;
            header?: {
                /** @description Keeps the refresh token in the cookie `novacore_refresh`, for pages of this origin; it is in no body then. */
                "NovaCore-Session"?: "cookie";
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Credentials"];
            };
        };
        responses: {
            /** @description Register */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_auth_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_auth_sessions_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description End one of the caller's sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_auth_usage_quota: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The quota at a glance */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quota"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_memory_bulk: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkRequest"];
            };
        };
        responses: {
            /** @description Store up to 100 memories, all or none (BulkStored) or each for itself (BulkEach, 207) */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkAnswer"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_context: {
        parameters: {
            query?: {
                limit?: number;
                query?: string;
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What to have in mind for a conversation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextParts"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_memory_delete_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete a memory */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_memory_forget: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgetRequest"];
            };
        };
        responses: {
            /** @description Forget what fits */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forgotten"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_itm_retrieve: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Intermediate memories */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryPage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_list: {
        parameters: {
            query?: {
                created_from?: string;
                created_to?: string;
                limit?: number;
                memory_type?: string;
                min_confidence?: number;
                offset?: number;
                session_id?: string;
                tag?: string;
                tier?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Memories, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryPage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_memory_promote_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PromoteRequest"];
            };
        };
        responses: {
            /** @description Keep a memory for longer */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_retrieve_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A memory */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_memory_search: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchRequest"];
            };
        };
        responses: {
            /** @description Find memories */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResults"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_stats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Memories in figures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryStats"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_memory_stm_clear_session_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forget a session's short-term memories */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forgotten"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_stm_retrieve_session_id: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A session's short-term memories */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionMemories"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_memory_stm_store: {
        parameters: {
            query?: {
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StmRequest"];
            };
        };
        responses: {
            /** @description Store a turn of a conversation */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_memory_store: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StoreRequest"];
            };
        };
        responses: {
            /** @description Store a memory */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    patch_memory_update_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateRequest"];
            };
        };
        responses: {
            /** @description Change a memory */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Memory"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_usage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What memories take */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemoryUsage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_memory_usage_quota_check: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Is there room for more memories? */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QuotaCheck"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Is it up */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_check_quota: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckQuotaRequest"];
            };
        };
        responses: {
            /** @description Would this much more be admitted? */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckQuota"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_entries: {
        parameters: {
            query?: {
                cursor?: string;
                from?: string;
                kind?: string;
                limit?: number;
                resourceType?: string;
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller's ledger */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntryPage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_events: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/cloudevents-batch+json": components["schemas"]["UsageEvent"][];
                "application/cloudevents+json": components["schemas"]["UsageEvent"];
            };
        };
        responses: {
            /** @description CloudEvents, one or up to 1,000 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsReport"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_history: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Use per day, the newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_limits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All limits, and what the next tier gives */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Limits"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_models: {
        parameters: {
            query?: {
                days?: number;
                resourceType?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Use by model, as entries name it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelUse"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_quota: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The quota at a glance */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quota"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_record: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecordRequest"];
            };
        };
        responses: {
            /** @description State use; enforce asks for admission */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Recorded"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_refusals: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What limits refused lately: in the memory of the node that is asked, since it started */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefusalPage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_reservations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReserveRequest"];
            };
        };
        responses: {
            /** @description Set headroom aside */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reserved"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_reservations_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A reservation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reservation"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_reservations_id_extend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtendRequest"];
            };
        };
        responses: {
            /** @description Give a reservation more time or headroom */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reserved"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_reservations_id_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description End a reservation unused */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settled"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_usage_reservations_id_settle: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettleRequest"];
            };
        };
        responses: {
            /** @description Charge use under a reservation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settled"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_stats: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Use of the last days, limits and warnings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_storage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is stored */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Storage"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_stream: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Usage as it happens, refusals of this node, changed limits (account): server-sent events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_tier: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tier */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierOf"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_timeseries_resource: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path: {
                resource: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Use per day */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DayRow"][];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_usage_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Today's tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How is it doing */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Is it alive */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Probe"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Does it accept commands */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Probe"];
                };
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
