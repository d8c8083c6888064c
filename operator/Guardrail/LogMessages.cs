using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail;

/// <summary>Everything that the guardrail logs: one place, so that no body and no key can slip in elsewhere.</summary>
internal static partial class LogMessages
{
    // What only programs read, to sum up spend, is in the fields and not in the sentence.
#pragma warning disable SYSLIB1015
    [LoggerMessage(
        1,
        LogLevel.Information,
        "model call {Outcome}: run={RunId} upstream={Upstream} model={Model} response={ResponseId} status={Status} input={InputTokens} "
            + "cached={CachedTokens} output={OutputTokens} cost={CostUsd} reserved={ReservedUsd} ms={DurationMs}"
    )]
    public static partial void ModelCall(
        this ILogger logger,
        string outcome,
        string? runId,
        string upstream,
        string model,
        string? responseId,
        int status,
        long? inputTokens,
        long? cachedTokens,
        long? outputTokens,
        string costUsd,
        string reservedUsd,
        long durationMs,
        string rule,
        GuardrailIdentity agent,
        IReadOnlyList<KeyValuePair<string, string>> tags
    );
#pragma warning restore SYSLIB1015

    [LoggerMessage(
        2,
        LogLevel.Information,
        "{Kind} call refused: run={RunId} upstream={Upstream} subject={Subject} status={Status} code={Code} check={Check}"
    )]
    public static partial void CallRefused(
        this ILogger logger,
        string kind,
        string? runId,
        string upstream,
        string? subject,
        int status,
        string code,
        string check
    );

    [LoggerMessage(
        3,
        LogLevel.Error,
        "overrun: model={Model} rule={Rule} cost={CostUsd} reserved={ReservedUsd}: {Why}; the model is refused until that is acknowledged"
    )]
    public static partial void Overrun(this ILogger logger, string model, string rule, string costUsd, string reservedUsd, string why);

    [LoggerMessage(4, LogLevel.Warning, "{Kind} call failed: run={RunId} upstream={Upstream} subject={Subject} reason={Reason}")]
    public static partial void CallFailed(this ILogger logger, string kind, string? runId, string upstream, string? subject, string reason);

    [LoggerMessage(5, LogLevel.Warning, "the grant endpoint does not answer: {Reason}")]
    public static partial void GrantFailed(this ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Information, "the grant endpoint answers again")]
    public static partial void GrantsRecovered(this ILogger logger);

    [LoggerMessage(7, LogLevel.Warning, "the operator has closed holder {Holder}; starting again under another one")]
    public static partial void HolderClosed(this ILogger logger, string holder);

    [LoggerMessage(8, LogLevel.Information, "budget window {Window} is open")]
    public static partial void WindowOpened(this ILogger logger, string? window);

    [LoggerMessage(9, LogLevel.Information, "configuration of revision {Revision} is in force")]
    public static partial void ConfigLoaded(this ILogger logger, string revision);

    [LoggerMessage(10, LogLevel.Error, "configuration not used: {Reason}: {Detail}")]
    public static partial void ConfigRejected(this ILogger logger, string reason, string detail);

    [LoggerMessage(11, LogLevel.Information, "ready: {Prices} price rules, {Upstreams} upstreams, {Ports} ports")]
    public static partial void Ready(this ILogger logger, int prices, int upstreams, int ports);

    [LoggerMessage(12, LogLevel.Information, "stopping: {ModelCalls} model calls and {Runs} runs in flight")]
    public static partial void Stopping(this ILogger logger, int modelCalls, int runs);

    [LoggerMessage(13, LogLevel.Information, "stopped: unproven={UnprovenCalls} calls, closing report delivered={Delivered}")]
    public static partial void Stopped(this ILogger logger, int unprovenCalls, bool delivered);

    [LoggerMessage(14, LogLevel.Warning, "inbound request failed: port={Port} reason={Reason}")]
    public static partial void InboundFailed(this ILogger logger, int port, string reason);

    [LoggerMessage(
        15,
        LogLevel.Warning,
        "{Kind} call tried again: run={RunId} upstream={Upstream} attempt={Attempt} status={Status} after={DelayMs}ms"
    )]
    public static partial void CallRetried(
        this ILogger logger,
        string kind,
        string? runId,
        string upstream,
        int attempt,
        int status,
        long delayMs
    );

    [LoggerMessage(
        42,
        LogLevel.Warning,
        "call falls back: run={RunId} upstream={Upstream} to={To} model={Model} called={Called} reason={Reason}"
    )]
    public static partial void CallFellBack(
        this ILogger logger,
        string runId,
        string upstream,
        string to,
        string? model,
        string? called,
        Admission.FallbackReason reason
    );

    [LoggerMessage(
        43,
        LogLevel.Warning,
        "call does not fall back: run={RunId} upstream={Upstream} to={To} model={Model} reason={Reason} why={Why}"
    )]
    public static partial void CallNotFellBack(
        this ILogger logger,
        string runId,
        string upstream,
        string to,
        string? model,
        Admission.FallbackReason reason,
        string why
    );

    [LoggerMessage(16, LogLevel.Information, "would be refused: upstream={Upstream} limit={Limit} kind={Kind}")]
    public static partial void WouldRefuse(this ILogger logger, string upstream, string limit, string kind);

    [LoggerMessage(17, LogLevel.Information, "tool call: run={RunId} upstream={Upstream} tool={Tool} status={Status} ms={DurationMs}")]
    public static partial void ToolCall(this ILogger logger, string runId, string upstream, string tool, int status, long durationMs);

#pragma warning disable SYSLIB1015
    [LoggerMessage(
        19,
        LogLevel.Information,
        "run ended: run={RunId} status={Status} outcome={Outcome} cost={CostUsd} steps={Steps} tools={ToolCalls} "
            + "toolFailures={ToolFailures} tokens={Tokens} ms={DurationMs}"
    )]
    public static partial void RunEnded(
        this ILogger logger,
        string runId,
        int status,
        string outcome,
        string costUsd,
        int steps,
        int toolCalls,
        int toolFailures,
        long tokens,
        long durationMs,
        GuardrailIdentity agent,
        IReadOnlyList<KeyValuePair<string, string>> tags
    );
#pragma warning restore SYSLIB1015

    [LoggerMessage(22, LogLevel.Warning, "log lines dropped: {Lines}, because nobody read them in time")]
    public static partial void LogLinesDropped(this ILogger logger, long lines);

    [LoggerMessage(20, LogLevel.Information, "prices are in force: {Rules} rules, {Own} of them laid over the shipped ones")]
    public static partial void PricesLoaded(this ILogger logger, int rules, int own);

    [LoggerMessage(21, LogLevel.Error, "prices not used, those in force stay: {Reason}: {Detail}")]
    public static partial void PricesRejected(this ILogger logger, string reason, string detail);

    [LoggerMessage(23, LogLevel.Warning, "journal not used: {Reason}: {Detail}")]
    public static partial void JournalFault(this ILogger logger, string reason, string detail);

    [LoggerMessage(
        24,
        LogLevel.Warning,
        "an earlier process of this pod did not close its account: holder={Holder} window={Window} settled={Settled} unproven={Unproven}; "
            + "closing it"
    )]
    public static partial void OrphanedHolder(this ILogger logger, string holder, string? window, string settled, string unproven);

    [LoggerMessage(
        25,
        LogLevel.Information,
        "the account of an earlier process is closed: holder={Holder} window={Window} outcome={Outcome}"
    )]
    public static partial void OrphanedHolderClosed(this ILogger logger, string holder, string? window, GrantOutcome outcome);

    [LoggerMessage(
        27,
        LogLevel.Warning,
        "circuit breaker: upstream={Upstream} state={State} reason={Reason} calls={Calls} failed={Failed} slow={Slow}"
    )]
    public static partial void CircuitChanged(
        this ILogger logger,
        string upstream,
        string state,
        string reason,
        long calls,
        long failed,
        long slow
    );

    [LoggerMessage(
        28,
        LogLevel.Warning,
        "{Kind} call not tried again: run={RunId} upstream={Upstream} attempt={Attempt} reason=RetryBudgetUsedUp"
    )]
    public static partial void CallNotRetried(this ILogger logger, string kind, string? runId, string upstream, int attempt);

    [LoggerMessage(26, LogLevel.Warning, "termination message not written: {Reason}")]
    public static partial void FinalReportsNotWritten(this ILogger logger, string reason);

    [LoggerMessage(
        EventId = 27,
        Message = "call with side effects: run={RunId} upstream={Upstream} tool={Tool} key={Key} outcome={Outcome}"
    )]
    public static partial void Effected(
        this ILogger logger,
        LogLevel level,
        string runId,
        string upstream,
        string tool,
        string key,
        Calls.EffectEnd outcome
    );

    [LoggerMessage(34, LogLevel.Warning, "side effects not written: {Reason}")]
    public static partial void SideEffectsNotWritten(this ILogger logger, string reason);

    [LoggerMessage(29, LogLevel.Warning, "tool failed: run={RunId} upstream={Upstream} tool={Tool} reason={Reason} in a row={InRow}")]
    public static partial void ToolFailed(
        this ILogger logger,
        string runId,
        string upstream,
        string? tool,
        Calls.ToolFailure reason,
        int inRow
    );

    [LoggerMessage(
        31,
        LogLevel.Warning,
        "tool call checked: run={RunId} upstream={Upstream} tool={Tool} by={By} reason={Verdict} at={Place}"
    )]
    public static partial void ToolChecked(
        this ILogger logger,
        string runId,
        string upstream,
        string tool,
        Calls.ToolCaller by,
        Schemas.ToolVerdict verdict,
        string place
    );

    [LoggerMessage(32, LogLevel.Warning, "tool changed: upstream={Upstream} tool={Tool} reason=ToolChanged")]
    public static partial void ToolChanged(this ILogger logger, string upstream, string tool);

    [LoggerMessage(33, LogLevel.Warning, "tool called without the guardrail: run={RunId} upstream={Upstream} tool={Tool} reason=OffPath")]
    public static partial void OffPath(this ILogger logger, string runId, string upstream, string tool);

    [LoggerMessage(30, LogLevel.Warning, "whether a tool failed is not known: run={RunId} upstream={Upstream} tool={Tool} reason={Reason}")]
    public static partial void ToolAnswerUnread(
        this ILogger logger,
        string runId,
        string upstream,
        string? tool,
        Relay.UnreadAnswer reason
    );

    [LoggerMessage(
        40,
        LogLevel.Warning,
        "screening: run={RunId} upstream={Upstream} source={Source} rules={Rules} layer={Layer} action={Action} text=\"{Quote}\""
    )]
    public static partial void Screened(
        this ILogger logger,
        string runId,
        string upstream,
        Admission.ScreenedSource source,
        string rules,
        string layer,
        Admission.ScreenedAction action,
        string quote
    );

    [LoggerMessage(44, LogLevel.Information, "chaos: fault={Fault} run={RunId} upstream={Upstream} subject={Subject} attempt={Attempt}")]
    public static partial void FaultMade(this ILogger logger, string fault, string runId, string upstream, string subject, int attempt);

    [LoggerMessage(
        45,
        LogLevel.Error,
        "chaos not made: reason=NotAnEvaluation track={Track}: only pods of evaluations make faults; the plan in the file is ignored"
    )]
    public static partial void ChaosRefused(this ILogger logger, string track);

    [LoggerMessage(41, LogLevel.Warning, "not screened: run={RunId} upstream={Upstream} source={Source} reason={Reason}")]
    public static partial void NotScreened(
        this ILogger logger,
        string runId,
        string upstream,
        Admission.ScreenedSource source,
        Screening.Unscreened reason
    );

    [LoggerMessage(
        46,
        LogLevel.Warning,
        "model request does not fit: run={RunId} upstream={Upstream} tokens={Tokens} room={Room} reason={Reason}"
    )]
    public static partial void DoesNotFit(this ILogger logger, string runId, string upstream, long? tokens, long? room, string reason);
}
