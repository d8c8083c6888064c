using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>The one way of every call that the agent makes: http://127.0.0.1:15080/UPSTREAM/…</summary>
/// <remarks>
/// 1. Identify: upstream, endpoint and run, from the request as it was sent. What is not listed is refused.
/// 2. Checks: pure, in the order of <see cref="AdmissionRules.Checks"/>. The first that refuses ends the call.
/// 3. Claims: the right to send what has side effects, the upstream's health, a place among its calls, rate, step of the run, money.
/// Where one is refused, those before it are released.
/// 4. Send: <see cref="UpstreamSender"/>, in <see cref="CallAttempt"/>.
/// 5. Relay: <see cref="Relay.AnswerRelay"/>, with a tap that reads what the answer says.
/// 6. Settle: the attempt is booked, once, whatever became of it. Another one may follow from step 3. Where none does, and the upstream
/// has a fallback, the call is made there: a call of its own from step 2 on, and one step of the run (<see cref="Fallbacks"/>).
/// 7. Observe: <see cref="ICallObserver"/> is told of each of these.
/// What differs between kinds of calls is in their <see cref="CallRoute"/>.
/// </remarks>
internal sealed class CallPipeline(
    ConfigStore config,
    IEnumerable<CallRoute> routes,
    AdmissionRules rules,
    CallAttempt attempts,
    RunRegistry runs,
    ICallObserver observer,
    TimeProvider time
)
{
    private readonly Dictionary<EndpointKind, CallRoute> routes = routes
        .SelectMany(route => route.Endpoints.Select(endpoint => (endpoint, route)))
        .ToDictionary(pair => pair.endpoint, pair => pair.route);
    private readonly Fallbacks fallbacks = attempts.Fallbacks;
    private readonly Action<CallContext, string> wouldRefuse = attempts.Fallbacks.WouldRefuse;

    /// <summary>Calls in flight.</summary>
    public InFlight Calls { get; } = new();

    /// <summary>True: no new model calls.</summary>
    public bool Stopping { get; set; }

    /// <summary>Answers one request of the agent.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var call = new CallContext
        {
            Http = context,
            Settings = config.Current,
            StartedAt = time.GetTimestamp(),
            Time = time,
            Stopping = Stopping,
        };
        var (route, error) = Identify(call);
        if (route is null)
        {
            if (ReferenceEquals(error, WellKnown.NotHere))
            {
                await error.WriteAsync(context);
                return;
            }
            call.Run = runs.Of(context.Request, null);
            await RefuseAsync(call, new CallRefusal(CallRefusal.Identify, error!));
            return;
        }
        Calls.Enter();
        try
        {
            await RunAsync(call, route);
        }
        finally
        {
            var last = call.Fallback is { WasTried: true } fallback ? fallback : call;
            if (call is { Kind: CallKind.Model, Run: { } run } && !call.IsAbandoned)
                run.ModelCalled(
                    answered: context.Response.StatusCode < 400
                        && last is { End.Verdict: not UpstreamVerdict.Failed, IsBrokenOff: false, AnswerError: null }
                );
            attempts.Over(call);
            if (call.Fallback is { } other)
                attempts.Over(other);
            call.Opening?.Dispose();
            call.Effect?.Dispose();
            Calls.Leave();
        }
    }

    private (CallRoute? Route, ApiError? Error) Identify(CallContext call)
    {
        if (LocalCaller.Refuse(call.Http.Request, call.Settings.Config.AllowedOrigins) is { } stranger)
            return (null, stranger);
        if (RequestTarget.Read(call.Http.RawTarget()) is not { } target)
            return (
                null,
                new ApiError(400, "invalid_target", "The request target is not a path, or holds characters that no URL may hold.")
            );
        var path = target.Path;
        var slash = path.IndexOf('/', 1);
        var name = slash < 0 ? path[1..] : path[1..slash];
        var port = call.Http.Connection.LocalPort;
        if (!call.Settings.Upstreams.TryGetValue(name, out var upstream))
        {
            if (WellKnown.IsDiscovery(path))
                return (null, WellKnown.NotHere);
            var names = string.Join(", ", call.Settings.Upstreams.Keys.Order(StringComparer.Ordinal));
            return (
                null,
                new ApiError(
                    404,
                    "unknown_upstream",
                    $"No upstream of that name is declared; the base URL is http://127.0.0.1:{port}/NAME/v1 with NAME one of: {names}."
                )
            );
        }
        call.Upstream = upstream;
        var method = call.Http.Request.Method;
        var rest = slash < 0 ? "" : path[slash..];
        call.Endpoint = upstream.Format.Match(method, rest);
        if (!routes.TryGetValue(call.Endpoint.Kind, out var route))
            return (null, upstream.Format.Unknown(method, rest, $"http://127.0.0.1:{port}/{name}"));
        call.Kind = route.Kind;
        call.Query = upstream.Format.IsTool ? target.Query : QueryStrings.WithoutKey(target.Query, upstream.Key is not null);
        return (route, null);
    }

    private async Task RunAsync(CallContext call, CallRoute route)
    {
        if (await route.ReadAsync(call) is { } unreadable)
        {
            await RefuseAsync(call, new CallRefusal(CallRefusal.Identify, unreadable));
            return;
        }
        if (rules.Check(call, wouldRefuse) is { } refused)
        {
            await RefuseAsync(call, refused);
            return;
        }
        call.Become(CallState.Checked);
        var (last, refusal) = await TryAsync(call, route);
        if (fallbacks.After(call, last, refusal) is { } target)
        {
            var (theirs, no) = await TryAsync(target, route);
            if (theirs is null && no is not null)
                fallbacks.NotTaken(target, no);
            else
                (call, last, refusal) = (target, theirs, no);
        }
        if (refusal is not null)
            await RefuseAsync(call, refusal, last);
        else
            await EndAsync(call, last?.Error);
    }

    /// <summary>Makes the attempts of a call at its upstream.</summary>
    /// <returns>
    /// How the last one ended, if there was one, and what refused the one after it, if anything did; neither where the agent has gone.
    /// </returns>
    private async Task<(CallOutcome? Last, CallRefusal? Refusal)> TryAsync(CallContext call, CallRoute route)
    {
        var most = route.Attempts(call);
        CallOutcome? last = null;
        for (; ; call.Attempt++)
        {
            var (taken, refusal) = await rules.ClaimAsync(call, wouldRefuse);
            if (!taken)
                return refusal is null ? (null, null) : (last, refusal);
            call.Become(CallState.Claimed);
            if (call is { From: not null, Attempt: 1 })
                fallbacks.Taken(call);
            try
            {
                last = await attempts.RunAsync(call, route, isLast: call.Attempt == most);
            }
            finally
            {
                rules.Ended(call);
            }
            if (
                !last.MayRetry
                || call.Attempt == most
                || call.Http.Response.HasStarted
                || !await PauseAsync(call, last, route.RunDeadline(call))
            )
                return (last, null);
        }
    }

    /// <summary>Waits before the next attempt; false where the agent has gone meanwhile, or its run is over.</summary>
    private async Task<bool> PauseAsync(CallContext call, CallOutcome last, CancellationToken runDeadline)
    {
        var delay = CallRetry.Delay(call.Attempt, last.RetryAfter, Random.Shared.NextDouble());
        observer.Retried(call, last.Status, delay);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(call.Http.RequestAborted, runDeadline);
        try
        {
            await Task.Delay(delay, time, ending.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// Refuses a call. Where an attempt before was answered by the upstream, that answer is what the agent has a use for.
    /// </summary>
    private Task RefuseAsync(CallContext call, CallRefusal refusal, CallOutcome? last = null)
    {
        observer.Refused(call, refusal);
        return EndAsync(call, last?.Error ?? refusal.Error);
    }

    private static Task EndAsync(CallContext call, ApiError? error)
    {
        call.Become(CallState.Ended);
        if (error is null)
            return Task.CompletedTask;
        if (call.From is not null && !call.Http.Response.HasStarted)
            call.Http.Response.Headers[AgentHeaders.Fallback] = call.UpstreamName;
        return (call.Tool?.Id is { } id ? error with { RpcId = id } : error).WriteAsync(call.Http, call.Upstream?.Format);
    }
}
