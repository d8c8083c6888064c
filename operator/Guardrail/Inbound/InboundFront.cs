using System.Net;
using System.Security.Cryptography;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using Yarp.ReverseProxy.Forwarder;

namespace AgentReadiness.Guardrail.Inbound;

/// <summary>
/// Stands before the agent's own ports. Each request is a run: it gets a fresh ID, which the agent sees and the client learns, and counts
/// as in flight until its answer has ended.
/// </summary>
internal sealed class InboundFront(
    IHttpForwarder forwarder,
    RunRegistry runs,
    GrantAccount account,
    ICallObserver observer,
    TimeProvider time
) : IDisposable
{
    // Agents may think for long before the first byte, and streams may pause: the agent's own limits are the ones that count.
    private static readonly ForwarderRequestConfig Request = new()
    {
        ActivityTimeout = TimeSpan.FromHours(1),
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private readonly HttpMessageInvoker client = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            ActivityHeadersPropagator = null,
        }
    );

    /// <summary>The runs in flight.</summary>
    public InFlight Runs => runs.Open;

    /// <summary>True: the client is asked to open a new connection for its next request, so that this pod can go.</summary>
    public bool Draining { get; set; }

    /// <summary>A new run ID: 128 random bits in hex.</summary>
    public static string NewRunId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Forwards one request to the agent.</summary>
    public async Task HandleAsync(HttpContext context, int listenPort, int targetPort)
    {
        var id = NewRunId();
        // Without a trace from outside, the run is one of its own, under the run's ID.
        var trace = RunRegistry.TraceOf(context.Request.Headers.TraceParent);
        if (trace is null)
            context.Request.Headers.TraceParent = $"00-{id}-{id[..16]}-01";
        var run = runs.Start(id, trace, context.Request.Headers);
        // An ID from outside could join a run of somebody else.
        context.Request.Headers[AgentHeaders.RunId] = id;
        context.Response.OnStarting(
            static state =>
            {
                var (response, current, front) = ((HttpResponse, Run, InboundFront))state;
                response.Headers[AgentHeaders.RunId] = current.Id;
                // What is still in flight counts at its upper bound: never less than what the run will have cost by now.
                response.Headers[AgentHeaders.RunCost] = current.Cost.ToString();
                if (front.Draining && response.StatusCode != StatusCodes.Status101SwitchingProtocols)
                    response.Headers.Connection = "close";
                return Task.CompletedTask;
            },
            (context.Response, run, this)
        );
        var started = time.GetTimestamp();
        try
        {
            var error = await forwarder.SendAsync(
                context,
                $"http://127.0.0.1:{targetPort}",
                client,
                Request,
                KeepHost.Instance,
                run.Deadline
            );
            if (error == ForwarderError.None)
                return;
            if (run.Deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
            {
                await RunErrors.TooLong(id).WriteAsync(context);
                return;
            }
            var cause = context.GetForwarderErrorFeature()?.Exception?.GetBaseException().Message ?? error.ToString();
            observer.InboundFailed(listenPort, $"{error}: {cause}");
            await (
                error is ForwarderError.RequestTimedOut
                    ? new ApiError(504, "agent_timeout", $"The agent on port {targetPort} did not answer in time.", Retry: true)
                    : new ApiError(502, "agent_unreachable", $"The agent on port {targetPort} cannot be reached: {cause}", Retry: true)
            ).WriteAsync(context);
        }
        finally
        {
            runs.End(run, trace);
            var (status, elapsed) = (context.Response.StatusCode, time.GetElapsedTime(started));
            if (run.CalledModel)
                account.RunEnded(id, run.Cost);
            observer.RunEnded(run, status, elapsed);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>The agent sees the host that the client named.</summary>
    private sealed class KeepHost : HttpTransformer
    {
        public static readonly KeepHost Instance = new();

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext,
            HttpRequestMessage proxyRequest,
            string destinationPrefix,
            CancellationToken cancellationToken
        )
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        }
    }
}
