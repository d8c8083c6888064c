using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples.Provider;

/// <summary>
/// The tools over MCP's streamable HTTP, in both forms: with sessions (initialize, Mcp-Session-Id; up to 2025-11-25), and without
/// (2026-07-28: each request names itself in headers). A tool's answer is JSON; with the argument {"answer": "sse"}, and of slow, it is an
/// event stream.
/// </summary>
internal sealed class McpServer(ToolBench tools)
{
    private const string Stateless = "2026-07-28";
    private const string SessionHeader = "Mcp-Session-Id";
    private const int HeaderMismatch = -32020;
    private const int UnsupportedVersion = -32022;
    private const int MethodNotFound = -32601;
    private const int InvalidParams = -32602;

    private static readonly string[] Versions = ["2025-11-25", "2025-06-18", "2025-03-26"];

    private readonly ConcurrentDictionary<string, string> sessions = new();

    /// <summary>Serves /mcp.</summary>
    public async Task ServeAsync(HttpContext context, byte[] body)
    {
        var request = context.Request;
        if (HttpMethods.IsDelete(request.Method))
        {
            context.Response.StatusCode = sessions.TryRemove(request.Headers[SessionHeader].ToString(), out _) ? 200 : 404;
            return;
        }
        if (!HttpMethods.IsPost(request.Method))
        {
            context.Response.StatusCode = 405;
            context.Response.Headers.Allow = "POST, DELETE";
            return;
        }
        var accept = request.Headers.Accept.ToString();
        if (
            !accept.Contains("application/json", StringComparison.Ordinal)
            || !accept.Contains("text/event-stream", StringComparison.Ordinal)
        )
        {
            await ErrorAsync(context, 406, null, -32000, "Not Acceptable: Client must accept both application/json and text/event-stream");
            return;
        }
        JsonElement message;
        try
        {
            message = JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            await ErrorAsync(context, 400, null, -32700, "Parse error");
            return;
        }
        if (message.ValueKind != JsonValueKind.Object || message.Text("jsonrpc") != "2.0")
            await ErrorAsync(context, 400, null, -32600, "Invalid Request");
        else if (string.CompareOrdinal(request.Headers["MCP-Protocol-Version"].ToString(), Stateless) >= 0)
            await WithoutSessionAsync(context, message);
        else
            await InSessionAsync(context, message);
    }

    private static JsonNode? Id(JsonElement message) => message.Has("id") ? JsonNode.Parse(message.Get("id").GetRawText()) : null;

    private static JsonObject ServerInfo() => new() { ["name"] = "sample-tools", ["version"] = "1.0.0" };

    private static JsonObject Capabilities() => new() { ["tools"] = new JsonObject { ["listChanged"] = false } };

    private static Task ErrorAsync(HttpContext context, int status, JsonNode? id, int code, string message, JsonNode? data = null)
    {
        var error = new JsonObject { ["code"] = code, ["message"] = message };
        if (data is not null)
            error["data"] = data;
        return Exchange.JsonAsync(
            context,
            status,
            new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["id"] = id,
                ["error"] = error,
            }
        );
    }

    private static Task ResultAsync(HttpContext context, JsonElement message, JsonObject result) =>
        Exchange.JsonAsync(
            context,
            200,
            new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["id"] = Id(message),
                ["result"] = result,
            }
        );

    private async Task InSessionAsync(HttpContext context, JsonElement message)
    {
        if (message.Text("method") == "initialize")
        {
            var asked = message.Get("params").Text("protocolVersion");
            var version = Versions.Contains(asked) ? asked! : Versions[0];
            var session = Guid.NewGuid().ToString("N");
            sessions[session] = version;
            context.Response.Headers[SessionHeader] = session;
            await ResultAsync(
                context,
                message,
                new()
                {
                    ["protocolVersion"] = version,
                    ["capabilities"] = Capabilities(),
                    ["serverInfo"] = ServerInfo(),
                }
            );
            return;
        }
        if (!context.Request.Headers.TryGetValue(SessionHeader, out var header))
        {
            await ErrorAsync(context, 400, Id(message), -32000, "Bad Request: Mcp-Session-Id header is required");
            return;
        }
        if (!sessions.ContainsKey(header.ToString()))
        {
            await ErrorAsync(context, 404, Id(message), -32001, "Session not found");
            return;
        }
        await AnswerAsync(context, message, stateless: false);
    }

    private async Task WithoutSessionAsync(HttpContext context, JsonElement message)
    {
        var headers = context.Request.Headers;
        var version = headers["MCP-Protocol-Version"].ToString();
        var said = message.Get("params").Get("_meta").Text("io.modelcontextprotocol/protocolVersion");
        var method = message.Text("method") ?? "";
        var name = method == "tools/call" ? message.Get("params").Text("name") : null;
        if (version != Stateless)
        {
            await ErrorAsync(
                context,
                400,
                Id(message),
                UnsupportedVersion,
                "Unsupported protocol version",
                new JsonObject { ["supported"] = new JsonArray(Stateless), ["requested"] = version }
            );
        }
        else if (
            headers["Mcp-Method"].ToString() != method
            || (name is not null && headers["Mcp-Name"].ToString() != name)
            || (said is not null && said != version)
        )
        {
            await ErrorAsync(
                context,
                400,
                Id(message),
                HeaderMismatch,
                "Header mismatch: Mcp-Method, Mcp-Name and MCP-Protocol-Version must be the body's"
            );
        }
        else if (method == "server/discover")
        {
            await ResultAsync(
                context,
                message,
                Cacheable(
                    new()
                    {
                        ["supportedVersions"] = new JsonArray([.. Versions.Prepend(Stateless).Select(one => (JsonNode)one)]),
                        ["capabilities"] = Capabilities(),
                        ["_meta"] = new JsonObject { ["io.modelcontextprotocol/serverInfo"] = ServerInfo() },
                    }
                )
            );
        }
        else
        {
            await AnswerAsync(context, message, stateless: true);
        }
    }

    private static JsonObject Cacheable(JsonObject result)
    {
        result.Insert(0, "resultType", "complete");
        result["ttlMs"] = 0;
        result["cacheScope"] = "private";
        return result;
    }

    private Task AnswerAsync(HttpContext context, JsonElement message, bool stateless)
    {
        if (!message.Has("id"))
        {
            context.Response.StatusCode = 202;
            return Task.CompletedTask;
        }
        switch (message.Text("method"))
        {
            case "ping":
                return ResultAsync(context, message, []);
            case "tools/list":
                var list = new JsonObject { ["tools"] = ToolBench.Definitions() };
                return ResultAsync(context, message, stateless ? Cacheable(list) : list);
            case "tools/call":
                return CallAsync(context, message, stateless);
            default:
                return ErrorAsync(
                    context,
                    stateless ? 404 : 200,
                    Id(message),
                    MethodNotFound,
                    $"Method not found: {message.Text("method")}"
                );
        }
    }

    private async Task CallAsync(HttpContext context, JsonElement message, bool stateless)
    {
        var parameters = message.Get("params");
        var name = parameters.Text("name") ?? "";
        if (!ToolBench.Names.Contains(name))
        {
            await ErrorAsync(context, 200, Id(message), InvalidParams, $"Unknown tool: {name}");
            return;
        }
        var arguments = parameters.Get("arguments");
        var progress = parameters.Get("_meta").Get("progressToken");
        var stream = name == "slow" || arguments.Text("answer") == "sse";
        if (stream)
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-cache";
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (progress.ValueKind != JsonValueKind.Undefined)
            {
                await EventAsync(
                    context,
                    new JsonObject
                    {
                        ["jsonrpc"] = "2.0",
                        ["method"] = "notifications/progress",
                        ["params"] = new JsonObject
                        {
                            ["progressToken"] = JsonNode.Parse(progress.GetRawText()),
                            ["progress"] = 0,
                            ["total"] = 1,
                        },
                    }
                );
            }
        }
        (string Text, bool Failed) answer;
        try
        {
            answer = await tools.RunAsync(name, arguments, ToolBench.Key(context, parameters), "mcp", context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        var result = new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = answer.Text }),
            ["isError"] = answer.Failed,
        };
        if (stateless)
            result.Insert(0, "resultType", "complete");
        if (stream)
            await EventAsync(
                context,
                new JsonObject
                {
                    ["jsonrpc"] = "2.0",
                    ["id"] = Id(message),
                    ["result"] = result,
                }
            );
        else
            await ResultAsync(context, message, result);
    }

    private static async Task EventAsync(HttpContext context, JsonObject message)
    {
        await context.Response.Body.WriteAsync(
            (byte[])[.. "event: message\ndata: "u8, .. Format.Bytes(message), .. "\n\n"u8],
            context.RequestAborted
        );
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
