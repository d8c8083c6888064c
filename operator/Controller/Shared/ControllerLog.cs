using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>Every log line of the controllers.</summary>
internal static partial class ControllerLog
{
    [LoggerMessage(101, LogLevel.Information, "{Kind} {Key} applied")]
    public static partial void Applied(ILogger logger, string kind, NamespacedName key);

    [LoggerMessage(102, LogLevel.Information, "Deployment {Key} scaled to {Replicas}")]
    public static partial void Scaled(ILogger logger, NamespacedName key, int replicas);

    [LoggerMessage(103, LogLevel.Information, "{Kind} {Key} deleted")]
    public static partial void Deleted(ILogger logger, string kind, NamespacedName key);

    [LoggerMessage(104, LogLevel.Information, "EvalRun {Namespace}/{Name} created")]
    public static partial void RunCreated(ILogger logger, string @namespace, string name);

    [LoggerMessage(105, LogLevel.Information, "EvalRun {Key} ended: {Phase} {Reason} {Message}")]
    public static partial void RunEnded(ILogger logger, NamespacedName key, string phase, string reason, string message);

    [LoggerMessage(106, LogLevel.Warning, "Ledger {Ledger} was written by somebody else and is read again: {Message}")]
    public static partial void LedgerConflict(ILogger logger, string ledger, string message);

    [LoggerMessage(107, LogLevel.Warning, "Ledger {Ledger} could not be written: {Message}")]
    public static partial void LedgerFailed(ILogger logger, string ledger, string message);

    [LoggerMessage(108, LogLevel.Warning, "Grant request refused: {Reason}")]
    public static partial void GrantRefused(ILogger logger, string reason);

    [LoggerMessage(109, LogLevel.Warning, "Holders of {Count} pods that are gone closed in ledger {Ledger}: what they held is unproven")]
    public static partial void HoldersLost(ILogger logger, int count, string ledger);

    [LoggerMessage(110, LogLevel.Information, "Ledger {Ledger} taken over with epoch {Epoch}")]
    public static partial void LedgerOpened(ILogger logger, string ledger, long epoch);

    [LoggerMessage(
        111,
        LogLevel.Warning,
        "Budget {Budget} of {Account} exhausted: a call of up to {Call} was refused, {Spent} of {Cap} spent (USD/tokens)"
    )]
    public static partial void Exhausted(ILogger logger, string account, string budget, string call, string spent, string cap);

    [LoggerMessage(112, LogLevel.Warning, "Submission of eval results refused with {Status}: {Reason}")]
    public static partial void SubmissionRefused(ILogger logger, int status, string reason);

    [LoggerMessage(113, LogLevel.Information, "{Reason}: {Message}")]
    public static partial void PricesApplied(ILogger logger, string reason, string message);

    [LoggerMessage(114, LogLevel.Error, "{Reason}: {Message}")]
    public static partial void PricesRefused(ILogger logger, string reason, string message);

    [LoggerMessage(115, LogLevel.Information, "Prices of ConfigMap {Key} set")]
    public static partial void PricesSet(ILogger logger, NamespacedName key);

    [LoggerMessage(116, LogLevel.Warning, "The last good prices could not be kept in ConfigMap {Key}, and will be tried again: {Message}")]
    public static partial void PricesNotKept(ILogger logger, NamespacedName key, string message);

    [LoggerMessage(117, LogLevel.Information, "{Reason}: {Message}")]
    public static partial void CertificatesChanged(ILogger logger, string reason, string message);

    [LoggerMessage(118, LogLevel.Error, "{Reason}: {Message}")]
    public static partial void CertificatesFailed(ILogger logger, string reason, string message);

    [LoggerMessage(119, LogLevel.Information, "Certificates of the grant endpoint set in ConfigMap {Key}")]
    public static partial void AuthoritySet(ILogger logger, NamespacedName key);

    [LoggerMessage(
        120,
        LogLevel.Information,
        "The guardrail of pod {Pod} left its closing report: booked in ledger {Ledger}, settled {Settled}, unproven {Unproven}"
    )]
    public static partial void FinalReportApplied(ILogger logger, string pod, string ledger, string settled, string unproven);
}
