using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Hosting;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Telemetry;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// What the agent reaches as http://127.0.0.1:15080/UPSTREAM/…: metered calls, free ones, tools; everything else is refused.
/// </summary>
internal sealed class EgressProxy(
    ConfigStore config,
    ModelCalls models,
    ToolCalls tools,
    BackgroundCalls background,
    RunRegistry runs,
    GuardrailMetrics metrics,
    TimeProvider time,
    ILogger<EgressProxy> log
)
{
    /// <summary>Calls in flight.</summary>
    public InFlight Calls { get; } = new();

    /// <summary>True: no new model calls.</summary>
    public bool Stopping { get; set; }

    /// <summary>Answers one request of the agent.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var slash = path.IndexOf('/', 1);
        var name = slash < 0 ? path.TrimStart('/') : path[1..slash];
        var settings = config.Current;
        if (!settings.Upstreams.TryGetValue(name, out var upstream))
        {
            await RefuseAsync(
                context,
                null,
                new ApiError(
                    404,
                    "unknown_upstream",
                    $"No upstream of that name is declared; the base URL is http://127.0.0.1:{context.Connection.LocalPort}/NAME/v1 with "
                        + $"NAME one of: {string.Join(", ", settings.Upstreams.Keys)}."
                )
            );
            return;
        }
        // "/v1/../files" must not become another endpoint at the provider than the one that was looked at here.
        var rest = slash < 0 ? "" : path[slash..];
        var endpoint =
            rest.Contains("..", StringComparison.Ordinal) || rest.Contains("//", StringComparison.Ordinal)
                ? new UpstreamEndpoint(EndpointKind.Unmetered, rest)
                : upstream.Format.Match(context.Request.Method, rest);
        if (endpoint.Kind == EndpointKind.Unmetered)
        {
            await RefuseAsync(
                context,
                upstream,
                upstream.Format.IsTool
                    ? new ApiError(
                        404,
                        "unknown_endpoint",
                        $"An MCP upstream is reached as http://127.0.0.1:{context.Connection.LocalPort}/{name} and nothing below it."
                    )
                    : new ApiError(
                        403,
                        "unmetered_endpoint",
                        $"{context.Request.Method} {rest} does not pass: what it costs is not metered."
                    )
            );
            return;
        }
        Calls.Enter();
        try
        {
            if (upstream.Format.IsTool)
                await tools.HandleAsync(context, settings, upstream, endpoint);
            else if (endpoint.Kind == EndpointKind.Metered)
                await models.HandleAsync(context, settings, upstream, endpoint, Stopping);
            else
                await FreeAsync(context, settings, upstream, endpoint);
        }
        finally
        {
            Calls.Leave();
        }
    }

    private async Task FreeAsync(HttpContext context, GuardrailSettings settings, Upstream upstream, UpstreamEndpoint endpoint)
    {
        var pass = new PassThrough(context, upstream, settings.ModelCall, time, log) { Capture = endpoint.Kind == EndpointKind.Poll };
        var query = QueryStrings.WithoutKey(context.Request.QueryString, upstream.Key is not null);
        var status = await pass.SendAsync(upstream.Endpoint(endpoint, query), null, upstream.Provider(settings.Prices));
        if (endpoint.Kind == EndpointKind.Poll && status == 200 && pass.Captured is { } answer)
            background.Saw(Uri.UnescapeDataString(endpoint.Path.Split('/')[2]), answer, status);
    }

    /// <summary>Answers with an error of our own, counted and logged.</summary>
    private async Task RefuseAsync(HttpContext context, Upstream? upstream, ApiError error)
    {
        metrics.Refused(upstream?.Name ?? "", error.Code);
        log.ModelCallRefused(runs.Of(context.Request, null).Id, upstream?.Name ?? "", null, error.Status, error.Code);
        await error.WriteAsync(context, upstream?.Format);
    }
}
