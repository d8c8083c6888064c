using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Guardrail.Screening;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>Metrics, the log and the spend log of calls and runs.</summary>
internal sealed class CallObserver(GuardrailMetrics metrics, SpendLog spendLog, TimeProvider time, ILogger<CallObserver> logger)
    : ICallObserver,
        IScreeningObserver,
        IContextObserver,
        IUpstreamObserver
{
    /// <inheritdoc/>
    public void Refused(CallContext call, CallRefusal refusal)
    {
        var (kind, error) = (call.Kind.Word(), refusal.Error);
        metrics.Refused(kind, call.UpstreamName, error.Code);
        logger.CallRefused(kind, call.Run?.Id, call.UpstreamName, call.Subject, error.Status, error.Code, refusal.Id);
    }

    /// <inheritdoc/>
    public void WouldRefuse(CallContext call, string limit)
    {
        metrics.WouldRefuse(call.UpstreamName, limit);
        logger.WouldRefuse(call.UpstreamName, limit, call.Kind.Word());
    }

    /// <inheritdoc/>
    public void Answered(CallContext call) => metrics.Answered(call.Kind.Word(), call.UpstreamName, time.GetElapsedTime(call.StartedAt));

    /// <inheritdoc/>
    public void Failed(CallContext call, CallKind kind, string reason) =>
        logger.CallFailed(kind.Word(), call.Run?.Id, call.UpstreamName, call.Subject, reason);

    /// <inheritdoc/>
    public void Retried(CallContext call, int status, TimeSpan delay)
    {
        if (call.Kind == CallKind.Model)
            metrics.Retried(call.UpstreamName);
        metrics.Repeated(call.Kind.Word(), call.UpstreamName, Repeater.Guardrail);
        logger.CallRetried(call.Kind.Word(), call.Run?.Id, call.UpstreamName, call.Attempt, status, (long)delay.TotalMilliseconds);
    }

    /// <inheritdoc/>
    public void FellBack(CallContext call)
    {
        var (first, reason) = call.From!;
        metrics.FellBack(first.UpstreamName, call.UpstreamName, reason);
        logger.CallFellBack(call.Run!.Id, first.UpstreamName, call.UpstreamName, first.Subject, call.Subject, reason);
    }

    /// <inheritdoc/>
    public void NotFellBack(CallContext call, string to, FallbackReason reason, string why)
    {
        metrics.NotFellBack(call.UpstreamName, to, why);
        logger.CallNotFellBack(call.Run!.Id, call.UpstreamName, to, call.Subject, reason, why);
    }

    /// <inheritdoc/>
    public void NotRetried(CallContext call)
    {
        metrics.Repeated(call.Kind.Word(), call.UpstreamName, Repeater.None);
        logger.CallNotRetried(call.Kind.Word(), call.Run?.Id, call.UpstreamName, call.Attempt);
    }

    /// <inheritdoc/>
    public void Repeated(CallContext call) => metrics.Repeated(call.Kind.Word(), call.UpstreamName, Repeater.Agent);

    /// <inheritdoc/>
    public void CircuitChanged(string upstream, CircuitChange change)
    {
        metrics.CircuitChanged(upstream, change);
        logger.CircuitChanged(upstream, change.To.ToString(), change.Reason.ToString(), change.Calls, change.Failed, change.Slow);
    }

    /// <inheritdoc/>
    public void Booked(CallContext call, CallOutcome outcome, Money spent, Money reserved)
    {
        var (terms, elapsed) = (call.Model!, time.GetElapsedTime(call.StartedAt));
        metrics.ModelCall(call.UpstreamName, terms.Prices!.RuleId, outcome, spent, elapsed);
        if (!outcome.IsFree)
            metrics.Booked(call.Run!, terms.Tags, spent);
        spendLog.Call(call, outcome, spent, reserved, elapsed);
    }

    /// <inheritdoc/>
    public void Overran(CallContext call, OverrunReport report)
    {
        metrics.Overrun(report.Rule);
        logger.Overrun(report.Model, report.Rule, report.Cost.ToString(), report.Reserved.ToString(), report.Why);
    }

    /// <inheritdoc/>
    public void Passed(CallContext call, int status)
    {
        var elapsed = time.GetElapsedTime(call.StartedAt);
        metrics.ToolCall(call.UpstreamName, status, elapsed);
        logger.ToolCall(call.Run!.Id, call.UpstreamName, call.Tool!.Tool, status, (long)elapsed.TotalMilliseconds);
    }

    /// <inheritdoc/>
    public void Effected(CallContext call, EffectEnd end)
    {
        metrics.Effected(call.UpstreamName, end);
        logger.Effected(
            end == EffectEnd.Unknown ? LogLevel.Warning : LogLevel.Information,
            call.Run!.Id,
            call.UpstreamName,
            call.Tool!.Tool,
            call.EffectKey!.Sent,
            end
        );
    }

    /// <inheritdoc/>
    public void ToolFailed(CallContext call, ToolFailure failure, int inRow)
    {
        metrics.ToolFailed(call.UpstreamName, failure);
        logger.ToolFailed(call.Run!.Id, call.UpstreamName, call.Tool?.Tool, failure, inRow);
    }

    /// <inheritdoc/>
    public void Unread(CallContext call, UnreadAnswer why)
    {
        metrics.Unread(call.UpstreamName, why);
        logger.ToolAnswerUnread(call.Run!.Id, call.UpstreamName, call.Tool?.Tool, why);
    }

    /// <inheritdoc/>
    public void ToolChecked(CallContext call, CheckedCall checkedCall)
    {
        var (by, tool, check) = checkedCall;
        metrics.ToolChecked(call.UpstreamName, by, check.Verdict);
        if (call.Settings.ToolSchemas is { Marks: true } && check.Verdict != ToolVerdict.Fits)
            logger.ToolChecked(call.Run!.Id, call.UpstreamName, SchemaPlace.Short(tool, 128), by, check.Verdict, check.Place);
    }

    /// <inheritdoc/>
    public void ToolChanged(CallContext call, string tool)
    {
        metrics.ToolChanged(call.UpstreamName);
        logger.ToolChanged(call.UpstreamName, tool);
    }

    /// <inheritdoc/>
    public void OffPath(CallContext call, string tool)
    {
        metrics.OffPath();
        logger.OffPath(call.Run!.Id, call.UpstreamName, SchemaPlace.Short(tool, 128));
    }

    /// <inheritdoc/>
    public void Found(CallContext call, ScreenedSource source, Verdict verdict, ScreenedAction action, string quote)
    {
        foreach (var family in verdict.Families)
            metrics.Screened(family, source);
        var rules = string.Join(',', verdict.Findings.Select(finding => finding.RuleId));
        var layer = verdict.Findings[0].Layer ?? "none";
        logger.Screened(call.Run!.Id, call.UpstreamName, source, rules, layer, action, quote);
    }

    /// <inheritdoc/>
    public void NotScreened(CallContext call, ScreenedSource source, Unscreened why)
    {
        metrics.NotScreened(source, why);
        logger.NotScreened(call.Run!.Id, call.UpstreamName, source, why);
    }

    /// <inheritdoc/>
    public void Looked(CallContext call, ContextFinding found)
    {
        metrics.Context.Looked(call.UpstreamName, found);
        if (found.Word is { } word)
            logger.DoesNotFit(call.Run!.Id, call.UpstreamName, found.Tokens, found.Room, word);
    }

    /// <inheritdoc/>
    public void Used(CallContext call, double share) => metrics.Context.Used(call.UpstreamName, share);

    /// <inheritdoc/>
    public void FaultMade(CallContext call, string fault)
    {
        metrics.FaultMade(call.UpstreamName, fault);
        logger.FaultMade(fault, call.Run!.Id, call.UpstreamName, SchemaPlace.Short(call.Subject ?? "", 128), call.Attempt);
    }

    /// <inheritdoc/>
    public void InboundFailed(int port, string reason) => logger.InboundFailed(port, reason);

    /// <inheritdoc/>
    public void RunEnded(Run run, int status, TimeSpan elapsed)
    {
        metrics.Run(run, status, elapsed);
        spendLog.Run(run, status, elapsed);
    }
}
