using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Guardrail.Screening;
using AgentReadiness.Guardrail.Upstreams;
using Prometheus;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>The guardrail's own metrics. Labels are bounded: the model label is the price rule's id, never what the agent wrote.</summary>
internal sealed class GuardrailMetrics
{
    private static readonly double[] CallBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    // From a hundredth of a cent to about a hundred dollars.
    private static readonly double[] CostBuckets = Histogram.ExponentialBuckets(0.0001, 4, 11);
    private static readonly Exemplar.LabelKey RunId = Exemplar.Key("run_id");

    private readonly CollectorRegistry registry = Metrics.NewCustomRegistry();
    private readonly Counter calls;
    private readonly Counter refused;
    private readonly Counter tokens;
    private readonly Counter cost;
    private readonly Histogram callDuration;
    private readonly Histogram firstByte;
    private readonly Counter retries;
    private readonly Counter wouldRefuse;
    private readonly Counter overruns;
    private readonly Counter toolCalls;
    private readonly Counter sideEffects;
    private readonly Counter toolFailures;
    private readonly Counter unread;
    private readonly Counter faults;
    private readonly ToolCheckMetrics toolChecks;
    private readonly Counter screened;
    private readonly Counter unscreened;
    private readonly Histogram toolDuration;
    private readonly Counter runs;
    private readonly Counter outcomes;
    private readonly Histogram runDuration;
    private readonly Gauge budget;
    private readonly Gauge inFlight;
    private readonly Histogram callCost;
    private readonly Histogram runCost;
    private readonly AttributedMetrics attributed;
    private readonly UpstreamMetrics upstreams;

    /// <param name="agent">Whose guardrail this is.</param>
    /// <param name="states">The upstreams; null: none is told of.</param>
    public GuardrailMetrics(GuardrailIdentity agent, UpstreamStates? states = null)
    {
        var factory = Metrics.WithCustomRegistry(registry);
        // Only what a run cost has one: looking for a trace costs each call more than the counting does.
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        calls = factory.CreateCounter(
            "agentreadiness_model_calls_total",
            "Model calls sent to a provider.",
            "upstream",
            "model",
            "outcome",
            "status"
        );
        refused = factory.CreateCounter(
            "agentreadiness_calls_refused_total",
            "Calls that the guardrail refused.",
            "kind",
            "upstream",
            "code"
        );
        tokens = factory.CreateCounter("agentreadiness_tokens_total", "Tokens as the provider reports them.", "model", "kind");
        cost = factory.CreateCounter("agentreadiness_cost_usd_total", "Cost of model calls, USD.", "model", "outcome");
        callDuration = factory.CreateHistogram(
            "agentreadiness_model_call_duration_seconds",
            "Duration of model calls.",
            new HistogramConfiguration { LabelNames = ["upstream"], Buckets = CallBuckets }
        );
        firstByte = factory.CreateHistogram(
            "agentreadiness_call_first_byte_seconds",
            "Time from a call's begin to the first byte of its answer.",
            new HistogramConfiguration { LabelNames = ["kind", "upstream"], Buckets = CallBuckets }
        );
        retries = factory.CreateCounter("agentreadiness_model_call_retries_total", "Attempts of model calls after the first.", "upstream");
        wouldRefuse = factory.CreateCounter(
            "agentreadiness_calls_would_refuse_total",
            "Calls that a limit would have refused, had it been enforced.",
            "upstream",
            "limit"
        );
        overruns = factory.CreateCounter("agentreadiness_overruns_total", "Model calls that cost more than their upper bound.", "model");
        sideEffects = factory.CreateCounter(
            "agentreadiness_side_effects_total",
            "Calls of tools with side effects, by what became of them.",
            "upstream",
            "outcome"
        );
        toolFailures = factory.CreateCounter(
            "agentreadiness_tool_failures_total",
            "Calls of tools that failed, by how, where guardrails.tools.onToolError is declared.",
            "upstream",
            "failure"
        );
        unread = factory.CreateCounter(
            "agentreadiness_tool_answers_unread_total",
            "Answers of tools of which nobody knows whether they were failures.",
            "upstream",
            "reason"
        );
        faults = factory.CreateCounter(
            "agentreadiness_chaos_faults_total",
            "Faults that an evaluation's chaos made; only in pods of evaluations.",
            "upstream",
            "fault"
        );
        toolChecks = new ToolCheckMetrics(factory);
        Context = new ContextMetrics(factory);
        screened = factory.CreateCounter(
            "agentreadiness_screening_findings_total",
            "Texts that give the model orders, by family, where guardrails.screening is declared.",
            "family",
            "source"
        );
        unscreened = factory.CreateCounter("agentreadiness_unscreened_total", "Texts that were not screened.", "source", "reason");
        toolCalls = factory.CreateCounter("agentreadiness_tool_calls_total", "Tool calls passed on.", "upstream", "status");
        toolDuration = factory.CreateHistogram(
            "agentreadiness_tool_call_duration_seconds",
            "Duration of tool calls.",
            new HistogramConfiguration { LabelNames = ["upstream"], Buckets = CallBuckets }
        );
        runs = factory.CreateCounter("agentreadiness_runs_total", "Requests to the agent.", "status");
        outcomes = factory.CreateCounter(
            "agentreadiness_run_outcomes_total",
            "Requests to an agent that declares how it refuses, by how they ended.",
            "outcome"
        );
        runDuration = factory.CreateHistogram(
            "agentreadiness_run_duration_seconds",
            "Duration of requests to the agent.",
            new HistogramConfiguration { Buckets = CallBuckets }
        );
        budget = factory.CreateGauge("agentreadiness_grant_usd", "This process's grant in the current window, USD.", "part");
        inFlight = factory.CreateGauge("agentreadiness_in_flight", "What is in flight.", "what");
        callCost = factory.CreateHistogram(
            "agentreadiness_model_call_cost_usd",
            "Cost of a model call, USD.",
            new HistogramConfiguration { Buckets = CostBuckets }
        );
        runCost = factory.CreateHistogram(
            "agentreadiness_run_cost_usd",
            "Cost of a run that called a model, USD.",
            new HistogramConfiguration { Buckets = CostBuckets }
        );
        attributed = new AttributedMetrics(factory);
        upstreams = new UpstreamMetrics(factory, states ?? new UpstreamStates());
        factory
            .CreateGauge(
                "agentreadiness_guardrail_info",
                "1; says what this guardrail stands in front of.",
                "namespace",
                "agent",
                "revision",
                "track"
            )
            .WithLabels(agent.Namespace, agent.Name, agent.Revision, agent.Track)
            .Set(1);
    }

    /// <summary>A model call has ended.</summary>
    public void ModelCall(string upstream, string model, CallOutcome outcome, Money spent, TimeSpan duration)
    {
        calls.WithLabels(upstream, model, outcome.Name, Status(outcome.Status)).Inc();
        cost.WithLabels(model, outcome.Name).Inc((double)spent.Amount);
        callDuration.WithLabels(upstream).Observe(duration.TotalSeconds);
        if (outcome.Facts?.Usage is not { } used)
            return;
        tokens.WithLabels(model, "input").Inc(used.Input);
        tokens.WithLabels(model, "cache_read").Inc(used.CacheRead);
        tokens.WithLabels(model, "cache_write").Inc(used.CacheWrite);
        tokens.WithLabels(model, "output").Inc(used.Output);
    }

    /// <summary>A model call was booked that cost something or may have.</summary>
    public void Booked(Run run, Tags tags, Money spent)
    {
        if (run.Id.Length > 0)
            callCost.Observe((double)spent.Amount, Exemplar.From(RunId.WithValue(run.Id)));
        else
            callCost.Observe((double)spent.Amount);
        attributed.Booked(tags, spent);
    }

    /// <summary>A call was refused.</summary>
    public void Refused(string kind, string upstream, string code) => refused.WithLabels(kind, upstream, code).Inc();

    /// <summary>The answer to a call has begun.</summary>
    public void Answered(string kind, string upstream, TimeSpan elapsed) =>
        firstByte.WithLabels(kind, upstream).Observe(elapsed.TotalSeconds);

    /// <summary>A model call is tried again.</summary>
    public void Retried(string upstream) => retries.WithLabels(upstream).Inc();

    /// <summary>A call repeats one that failed; see <see cref="Repeater"/>.</summary>
    public void Repeated(string kind, string upstream, string by) => upstreams.Repeated(kind, upstream, by);

    /// <summary>A call goes to another upstream.</summary>
    public void FellBack(string upstream, string to, FallbackReason reason) => upstreams.FellBack(upstream, to, reason);

    /// <summary>A call could have gone to another upstream.</summary>
    public void NotFellBack(string upstream, string to, string why) => upstreams.NotFellBack(upstream, to, why);

    /// <summary>A circuit breaker changed its state.</summary>
    public void CircuitChanged(string upstream, CircuitChange change) => upstreams.CircuitChanged(upstream, change);

    /// <summary>A limit that is only observed does not fit.</summary>
    public void WouldRefuse(string upstream, string limit) => wouldRefuse.WithLabels(upstream, limit).Inc();

    /// <summary>A model call cost more than its bound.</summary>
    public void Overrun(string model) => overruns.WithLabels(model).Inc();

    /// <summary>A tool call has ended.</summary>
    public void ToolCall(string upstream, int status, TimeSpan duration)
    {
        toolCalls.WithLabels(upstream, Status(status)).Inc();
        toolDuration.WithLabels(upstream).Observe(duration.TotalSeconds);
    }

    /// <summary>A call with side effects was answered.</summary>
    public void Effected(string upstream, EffectEnd end) => sideEffects.WithLabels(upstream, end.ToString()).Inc();

    /// <summary>A tool failed.</summary>
    public void ToolFailed(string upstream, ToolFailure failure) => toolFailures.WithLabels(upstream, failure.ToString()).Inc();

    /// <summary>A tool's answer was not looked at.</summary>
    public void Unread(string upstream, UnreadAnswer why) => unread.WithLabels(upstream, why.ToString()).Inc();

    /// <summary>A fault was made on purpose.</summary>
    public void FaultMade(string upstream, string fault) => faults.WithLabels(upstream, fault).Inc();

    /// <summary>A call of a tool was held against its schema.</summary>
    public void ToolChecked(string upstream, ToolCaller by, ToolVerdict verdict) => toolChecks.Checked(upstream, by, verdict);

    /// <summary>A server changed a tool.</summary>
    public void ToolChanged(string upstream) => toolChecks.Changed(upstream);

    /// <summary>A tool with side effects was called without the guardrail.</summary>
    public void OffPath() => toolChecks.OffPath();

    /// <summary>Context windows.</summary>
    public ContextMetrics Context { get; }

    /// <summary>A text gives the model orders.</summary>
    public void Screened(string family, ScreenedSource source) => screened.WithLabels(family, source.ToString()).Inc();

    /// <summary>A text was not screened.</summary>
    public void NotScreened(ScreenedSource source, Unscreened why) => unscreened.WithLabels(source.ToString(), why.ToString()).Inc();

    /// <summary>A run has ended.</summary>
    public void Run(Run run, int status, TimeSpan duration)
    {
        runs.WithLabels(Status(status)).Inc();
        if (run.Outcome != RunOutcome.Undeclared)
            outcomes.WithLabels(run.Outcome.Word()).Inc();
        runDuration.Observe(duration.TotalSeconds);
        // Health checks and the like would say that the median run costs nothing.
        if (run.CalledModel)
            runCost.Observe((double)run.Cost.Amount, Exemplar.From(RunId.WithValue(run.Id)));
    }

    /// <summary>Writes all. Only OpenMetrics has exemplars.</summary>
    public async Task WriteAsync(
        Stream stream,
        bool openMetrics,
        GrantTotals totals,
        int modelCalls,
        int openRuns,
        CancellationToken cancellationToken
    )
    {
        budget.WithLabels("granted").Set((double)totals.Granted.Cost.Amount);
        budget.WithLabels("settled").Set((double)totals.Settled.Cost.Amount);
        budget.WithLabels("unproven").Set((double)totals.Unproven.Cost.Amount);
        budget.WithLabels("returned").Set((double)totals.Returned.Cost.Amount);
        budget.WithLabels("reserved").Set((double)totals.Reserved.Cost.Amount);
        inFlight.WithLabels("model_calls").Set(modelCalls);
        upstreams.Read();
        inFlight.WithLabels("runs").Set(openRuns);
        await registry.CollectAndExportAsTextAsync(
            stream,
            openMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText,
            cancellationToken
        );
    }

    private static string Status(int status) =>
        status is >= 100 and <= 599 ? status.ToString(System.Globalization.CultureInfo.InvariantCulture) : "none";
}
