using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Model calls: priced, reserved for, and booked at what their answer says.</summary>
internal sealed class ModelRoute(
    GrantClient grants,
    OverrunList overruns,
    RunRegistry runs,
    BackgroundCalls background,
    RequestBody bodies,
    RequestWatch watch,
    ICallObserver observer
) : CallRoute
{
    /// <summary>The largest request body, bytes.</summary>
    public const int LargestBody = 128 * 1024 * 1024;

    private const string ServedTier = "x-gemini-service-tier";

    // After the agent has gone the answer is read on, to learn its usage.
    private static readonly DeadlineRules Rules = new() { AfterClient = TimeSpan.FromSeconds(30), WholeBoundsStreams = true };

    /// <inheritdoc/>
    public override CallKind Kind => CallKind.Model;

    /// <inheritdoc/>
    public override IReadOnlyList<EndpointKind> Endpoints { get; } = [EndpointKind.Metered];

    /// <inheritdoc/>
    public override string TimeoutCode => "model_call_timeout";

    /// <inheritdoc/>
    public override async ValueTask<ApiError?> ReadAsync(CallContext call)
    {
        var (body, error) = await bodies.ReadAsync(call.Http, LargestBody);
        // Calls share the threads that serve all connections: a long body is read on another one.
        if (body.Length > AnswerRelay.LongText)
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var known = call.Upstream!.Known(call.Settings.Prices);
        var request = error is null ? call.Upstream.Format.Read(call.Endpoint, body.Span, known.Wire, out error) : null;
        call.Run = runs.Of(call.Http.Request, request?.PreviousId);
        if (request is null)
            return error;
        call.Body = body;
        OffPathTools.See(call, observer);
        return FindTerms(call, request, 0, call.Run.Left(call.Settings.Limits));
    }

    /// <summary>Finds the terms of a call whose body and run are known.</summary>
    /// <param name="call">The call.</param>
    /// <param name="request">What was read of its body.</param>
    /// <param name="added">The bytes that are put into it.</param>
    /// <param name="left">What its run has left; null where nothing limits it.</param>
    /// <returns>Why they cannot be found; null where they can.</returns>
    public ApiError? FindTerms(CallContext call, MeteredRequest request, int added, (Money? Cost, long? Tokens) left)
    {
        var (settings, body) = (call.Settings, call.Body!.Value);
        if (TierHeaders.Read(call.Http.Request.Headers, request) is { } unclear)
            return unclear;
        var known = call.Upstream!.Known(settings.Prices);
        var now = call.Time.GetUtcNow();
        if (DeploymentModel.Disagreement(request, settings.Prices, known.Id, now) is { } other)
            return other;
        var prices = settings.Prices.Find(known.Id, request.Model, now);
        var price = new ModelPrice(known, prices, prices is null ? null : overruns.Why(prices.RuleId));
        var tags = Tags.Read(settings.Tags, call.Http.Request.Headers, call.Run!.Tags);
        // What is put in is paid for, too.
        var length = body.Length + added + watch.Read(call, request);
        call.Model = ModelTerms.Find(request, length, price, settings, left, tags);
        watch.Priced(call);
        return null;
    }

    /// <inheritdoc/>
    public override CallTimes Times(GuardrailSettings settings) => settings.ModelCall;

    /// <inheritdoc/>
    public override DeadlineRules Deadline(CallContext call) => Rules;

    /// <inheritdoc/>
    public override CancellationToken RunDeadline(CallContext call) => call.Run!.Deadline;

    /// <inheritdoc/>
    public override int Attempts(CallContext call) => call.Settings.ModelCall.Attempts;

    /// <inheritdoc/>
    public override HttpContent Content(CallContext call)
    {
        var terms = call.Model!;
        return new SplicedContent(
            call.Body!.Value,
            terms.Request.Splices(terms.OutputLimit),
            JsonContentType.Sent(call.Http.Request.ContentType),
            call.Upstream!.IsTls
        );
    }

    /// <inheritdoc/>
    public override RelayTap Tap(CallContext call, HttpResponseMessage answer)
    {
        var terms = call.Model!;
        var facts = new ResponseFacts(call.Endpoint.Api);
        call.Facts = facts;
        // Gemini says the tier that served in a header alone: a priority call that found no room is served, and billed, as any other.
        if (answer.Headers.TryGetValues(ServedTier, out var tiers))
            facts.Served(tiers.First());
        var coding = ContentCoding.Of(answer.Content.Headers);
        var asked = terms.Request.Stream || call.Endpoint.Stream || IsEvents(answer);
        var calls = answer.IsSuccessStatusCode ? ModelToolCalls.Of(call, observer) : null;
        RelayTap Body(string? held) => new UsageBodyTap(facts, held, bodies.Memory, calls);
        if (calls?.Holds == true && !asked)
            return new HeldAnswerTap(Body(coding), () => call.AnswerError is not null, bodies.Memory);
        if (!answer.IsSuccessStatusCode || (coding is not null && !(asked && ContentCoding.IsKnown(coding))))
            return Body(coding);
        var isShort = answer.Content.Headers.ContentLength <= UsageBodyTap.LongestWhole;
        if (!asked && isShort)
            return Body(coding);
        var (format, endpoint) = (call.Upstream!.Format, call.Endpoint);
        RelayTap Events() =>
            new UsageEventsTap(
                facts,
                new SseUsageFilter(facts, terms.Request.HideUsage, bodies.Memory) { Watch = calls },
                terms.MostOutput,
                () => format.CutTail(facts, endpoint)
            );
        // A whole answer to a request for a stream waits, too: its headers have gone, and it must not.
        RelayTap Whole() =>
            calls?.Holds == true ? new HeldAnswerTap(Body(null), () => call.AnswerError is not null, bodies.Memory) : Body(null);
        return new SniffedTap(Whole, Events, asked, coding);
    }

    /// <inheritdoc/>
    public override CallOutcome Settle(CallContext call, HttpResponseMessage answer, RelayTap tap, string? cut)
    {
        var outcome = SettleAsItIs(call, answer, cut);
        // What the provider did is booked, whatever becomes of its answer.
        if (call.AnswerError is not { } refused || call.IsAbandoned)
            return outcome;
        if (call.Http.Response.HasStarted)
        {
            // Not every client raises an error that comes in a stream; an answer that has no end is one to all of them.
            call.Http.Abort();
            return outcome;
        }
        call.Http.Response.Clear();
        return outcome with { Error = refused };
    }

    private static CallOutcome SettleAsItIs(CallContext call, HttpResponseMessage answer, string? cut)
    {
        var (status, facts) = ((int)answer.StatusCode, call.Facts!);
        if (call.IsMadeUp || Settlement.IsNotBilled(call, status))
            return CallOutcome.Zero(status);
        if (cut is not null)
            return CallOutcome.Unproven(status, facts) with { Overrun = cut };
        if (!answer.IsSuccessStatusCode)
            return CallOutcome.Unproven(status, facts);
        if (facts.IsFinal)
            return Settlement.Of(call, facts, status, call.Time.GetUtcNow());
        return facts is { Id: { } id, Status: "queued" or "in_progress" } && call.Model!.Request.Background
            ? CallOutcome.Pending(id, status, facts)
            : CallOutcome.Unproven(status, facts);
    }

    /// <inheritdoc/>
    public override CallOutcome Broken(CallContext call, int status, bool sent) =>
        !sent || call.IsMadeUp || Settlement.IsNotBilled(call, status) ? CallOutcome.Zero(status) : CallOutcome.Unproven(status, null);

    /// <inheritdoc/>
    public override void Book(CallContext call, CallOutcome outcome)
    {
        runs.Remember(outcome.Facts?.Id, call.Run!);
        var reservation = call.Reservation!;
        if (outcome.PendingId is { } id)
            background.Add(id, call, spent => Book(call, reservation, spent));
        else
            Book(call, reservation, outcome);
    }

    private void Book(CallContext call, Reservation reservation, CallOutcome outcome)
    {
        var (terms, reserved) = (call.Model!, reservation.Amount.Cost);
        var spent = outcome.Cost ?? reserved;
        var tokens =
            outcome.Cost is null ? terms.Share.Tokens
            : outcome.Facts?.Usage is { } used ? used.Input + used.Output
            : 0;
        // First, so that the report which tells the cost tells it too.
        if (outcome.Overrun is { } why)
        {
            var report = new OverrunReport
            {
                Rule = terms.Prices!.RuleId,
                Model = terms.Request.Model,
                Cost = spent,
                Reserved = reserved,
                Why = why,
                At = DateTimeOffset.FromUnixTimeSeconds(call.Time.GetUtcNow().ToUnixTimeSeconds()),
            };
            overruns.Add(report);
            observer.Overran(call, report);
        }
        var labels = outcome.IsFree ? null : terms.Labels(call.Settings.Config.Agent.Revision);
        if (outcome.Cost is { } cost)
            grants.Settle(reservation, new Amount(cost, tokens), labels);
        else
            grants.MarkUnproven(reservation, labels);
        watch.Booked(call, outcome);
        observer.Booked(call, outcome, spent, reserved);
        // Last: what a run cost is told with the last of its calls.
        call.Run!.Settle(terms.Share, spent, tokens);
    }
}
