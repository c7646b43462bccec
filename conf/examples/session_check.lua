-- The query of haproxy.cfg: who is signed in, by httpd with forward-auth.conf. HAProxy opens a connection for each.
local URL = "http://127.0.0.1:8080/auth"
local PASSED_ON = {"cookie", "accept", "origin", "user-agent", "x-requested-with", "authorization", "upgrade",
                   "sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest", "sec-websocket-key", "sec-websocket-version"}
local VARIABLES = {session_user = "remote-user", session_login = "managed-session-login-url",
                   session_cookie = "set-cookie", session_challenge = "www-authenticate"}

core.register_action("session_check", {"http-req"}, function(txn)
    local sent, headers = txn.http:req_get_headers(), {}
    for _, name in ipairs(PASSED_ON) do
        headers[name] = sent[name]
    end
    headers["x-forwarded-for"] = sent["x-forwarded-for"]
    headers["x-forwarded-proto"] = sent["x-forwarded-proto"]
    headers["x-forwarded-host"] = sent["x-forwarded-host"]
    headers["x-forwarded-method"] = {txn.f:method()}
    headers["x-forwarded-uri"] = {txn.f:pathq()}

    local answer = core.httpclient():get{url = URL, headers = headers, timeout = 5000}
    txn:set_var("txn.session_status", answer and answer.status or 503)
    for variable, name in pairs(VARIABLES) do
        local values = answer and answer.headers and answer.headers[name]
        if values then
            txn:set_var("txn." .. variable, values[0])
        end
    end
end)
