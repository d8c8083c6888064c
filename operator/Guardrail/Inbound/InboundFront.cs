using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
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
    ConfigStore config,
    PodAddresses addresses,
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

    // The plan was changed a moment ago, and this pod is of the time before or knows it in a moment.
    private static readonly ApiError Unknown = new(
        503,
        ChaosHeaders.UnknownPlan,
        $"The header {ChaosHeaders.Case} names no plan of chaos that is in force here.",
        Retry: true
    );

    private readonly HttpMessageInvoker client = new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            ActivityHeadersPropagator = null,
            RequestHeaderEncodingSelector = static (_, _) => HeaderText.Encoding,
            ResponseHeaderEncodingSelector = static (_, _) => HeaderText.Encoding,
        }
    );

    private readonly ConfigStore config = config;
    private long drainsUntil;

    /// <summary>The runs in flight.</summary>
    public InFlight Runs => runs.Open;

    /// <summary>The process ends.</summary>
    public bool Stopping { get; set; }

    /// <summary>True: the client is asked to open a new connection for its next request, so that this pod can go.</summary>
    private bool Draining => Stopping || time.GetUtcNow().UtcTicks < Interlocked.Read(ref drainsUntil);

    /// <summary>The pod is about to go. Where it is still there after the time, it was not.</summary>
    public void DrainFor(TimeSpan most) => Interlocked.Exchange(ref drainsUntil, (time.GetUtcNow() + most).UtcTicks);

    /// <summary>A new run ID: 128 random bits in hex.</summary>
    public static string NewRunId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Forwards one request to the agent.</summary>
    /// <param name="context">The request.</param>
    /// <param name="listenPort">The port that it came in on.</param>
    /// <param name="targetPort">The agent's port.</param>
    public Task HandleAsync(HttpContext context, int listenPort, int targetPort)
    {
        var ports = new Ports(listenPort, targetPort);
        return addresses.IsOwn(context.Connection) ? JoinAsync(context, ports) : BeginAsync(context, ports);
    }

    /// <summary>A request from outside: it begins a run.</summary>
    private async Task BeginAsync(HttpContext context, Ports ports)
    {
        var id = NewRunId();
        var settings = config.Current;
        RunChaos? chaos = null;
        if (settings.Chaos is { } plans && context.Request.Headers.TryGetValue(ChaosHeaders.Case, out var named))
        {
            if (ChaosHeaders.ReadCase(named.ToString()) is not { } one || plans.Find(one.Plan) is not { } plan)
            {
                await Unknown.WriteAsync(context);
                return;
            }
            chaos = new RunChaos(plan, one.Key);
        }
        InboundHeaders.Clean(context.Request.Headers, settings.Tags, settings.ClientTags);
        // Without a trace from outside, the run is one of its own, under the run's ID.
        var trace = RunRegistry.TraceOf(context.Request.Headers.TraceParent);
        if (trace is null)
            context.Request.Headers.TraceParent = $"00-{id}-{id[..16]}-01";
        var run = runs.Start(id, trace, context.Request.Headers, chaos);
        context.Request.Headers[AgentHeaders.RunId] = id;
        context.Response.OnStarting(
            static state =>
            {
                var (response, current, front) = ((HttpResponse, Run, InboundFront))state;
                response.Headers[AgentHeaders.RunId] = current.Id;
                // What is still in flight counts at its upper bound: never less than what the run will have cost by now.
                response.Headers[AgentHeaders.RunCost] = current.Cost.ToString();
                if (current.Outcome is not (RunOutcome.Undeclared or RunOutcome.Unread))
                    response.Headers[AgentHeaders.Outcome] = current.Outcome.Word();
                if (front.config.Current.HasFallbacks)
                    response.Headers[AgentHeaders.Fallbacks] = current.Fallbacks.ToString(CultureInfo.InvariantCulture);
                if (current.Chaos is { } met)
                    response.Headers[ChaosHeaders.Met] = met.ToString();
                if (front.Draining && response.StatusCode != StatusCodes.Status101SwitchingProtocols)
                    response.Headers.Connection = "close";
                return Task.CompletedTask;
            },
            (context.Response, run, this)
        );
        var started = time.GetTimestamp();
        try
        {
            var refusal = settings.Reliability.Refusal;
            var transformer = refusal is null
                ? AgentTransformer.Instance
                : new RefusalTransformer(refusal, run, settings.Reliability.Observe);
            await ForwardAsync(context, ports, run, transformer);
            if (refusal is not null)
                run.Outcome = RefusalTransformer.AtEnd(refusal, run, context.Response.StatusCode);
        }
        finally
        {
            runs.End(run, trace);
            var (status, elapsed) = (context.Response.StatusCode, time.GetElapsedTime(started));
            run.WhenBooked(() =>
            {
                if (run.CalledModel)
                    account.RunEnded(id, run.Cost);
                observer.RunEnded(run, status, elapsed);
            });
        }
    }

    /// <summary>
    /// A request of the agent to itself: it stays in the run that it names, or in the account of calls that belong to none. Otherwise an
    /// agent would get fresh limits whenever it called itself.
    /// </summary>
    private Task JoinAsync(HttpContext context, Ports ports)
    {
        var run = runs.Of(context.Request, null);
        context.Request.Headers.Remove(ChaosHeaders.Case);
        if (run.Id.Length > 0)
            context.Request.Headers[AgentHeaders.RunId] = run.Id;
        else
            context.Request.Headers.Remove(AgentHeaders.RunId);
        return ForwardAsync(context, ports, run, AgentTransformer.Instance);
    }

    private async Task ForwardAsync(HttpContext context, Ports ports, Run run, AgentTransformer transformer)
    {
        var error = await forwarder.SendAsync(context, $"http://127.0.0.1:{ports.Target}", client, Request, transformer, run.Deadline);
        if (error == ForwarderError.None)
            return;
        if (run.Deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await RunErrors.TooLong(run.Id).WriteAsync(context);
            return;
        }
        var cause = context.GetForwarderErrorFeature()?.Exception?.GetBaseException().Message ?? error.ToString();
        observer.InboundFailed(ports.Listen, $"{error}: {cause}");
        await (
            error is ForwarderError.RequestTimedOut
                ? new ApiError(504, "agent_timeout", $"The agent on port {ports.Target} did not answer in time.", Retry: true)
                : new ApiError(502, "agent_unreachable", $"The agent on port {ports.Target} cannot be reached: {cause}", Retry: true)
        ).WriteAsync(context);
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private readonly record struct Ports(int Listen, int Target);
}
