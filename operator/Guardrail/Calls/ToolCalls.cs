using System.IO.Hashing;
using System.Text;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Calls of tools: counted against the run, checked against the list of allowed tools, passed on as they are.</summary>
internal sealed class ToolCalls(RunRegistry runs, GuardrailMetrics metrics, TimeProvider time, ILogger<ToolCalls> log)
{
    /// <summary>The largest JSON-RPC message, bytes. A plain HTTP tool's body is streamed, and may be of any size.</summary>
    public const int LargestMessage = 32 * 1024 * 1024;

    /// <summary>Answers one request of the agent.</summary>
    public async Task HandleAsync(HttpContext context, GuardrailSettings settings, Upstream upstream, UpstreamEndpoint endpoint)
    {
        var run = runs.Of(context.Request, null);
        var isPost = HttpMethods.IsPost(context.Request.Method);
        var mcp = upstream.Format is McpFormat;
        ReadOnlyMemory<byte>? body = null;
        ToolMessage? message = null;
        ApiError? error = null;
        if (mcp && isPost)
        {
            (var bytes, error) = await RequestBody.ReadAsync(context.Request, LargestMessage, context.RequestAborted);
            body = bytes;
            if (bytes.Length > ModelCalls.LongBody)
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            message = error is null ? ToolMessage.Read(bytes.Span, out error) : null;
            error ??= message!.Mismatch(context.Request.Headers);
        }
        else if (!mcp)
        {
            message = new ToolMessage(
                "tools/call",
                upstream.Name,
                null,
                context.Request.Method + " " + endpoint.Path + context.Request.QueryString.Value
            );
        }
        if (error is null && message is { Method: "tools/call" })
            error = Admit(settings, upstream, run, message);
        if (error is not null)
        {
            metrics.Refused(upstream.Name, error.Code);
            log.ToolCallRefused(run.Id, upstream.Name, message?.Tool, error.Status, error.Code);
            await (error with { RpcId = message?.Id }).WriteAsync(context, upstream.Format);
            return;
        }
        var started = time.GetTimestamp();
        var pass = new PassThrough(context, upstream, settings.ToolCall, time, log)
        {
            Endless = mcp && HttpMethods.IsGet(context.Request.Method),
            RpcId = message?.Id,
        };
        var status = await pass.SendAsync(upstream.Endpoint(endpoint, context.Request.QueryString.Value ?? ""), body, null);
        if (message is not { Method: "tools/call" })
            return;
        var elapsed = time.GetElapsedTime(started);
        metrics.ToolCall(upstream.Name, status, elapsed);
        log.ToolCall(run.Id, upstream.Name, message.Tool, status, (long)elapsed.TotalMilliseconds);
    }

    private ApiError? Admit(GuardrailSettings settings, Upstream upstream, Run run, ToolMessage message)
    {
        if (!settings.AllowsTool(message.Tool))
            return new ApiError(403, "tool_not_allowed", $"The tool \"{message.Tool}\" is not in guardrails.tools.allow.");
        var policy = settings.Limits;
        if (
            run.TryToolCall(
                policy,
                policy.MaxRepeats > 0 ? XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(upstream.Name + " " + message.Fingerprint)) : default
            )
            is not { } limit
        )
            return null;
        if (!policy.Observe)
            return RunErrors.Exceeded(limit);
        metrics.WouldRefuse(upstream.Name, limit);
        log.WouldRefuse(upstream.Name, limit);
        return null;
    }
}
