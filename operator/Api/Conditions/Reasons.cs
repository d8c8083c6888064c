namespace AgentReadiness.Api.Conditions;

/// <summary>Reasons of conditions and events; stable words that programs may rely on.</summary>
public static class Reasons
{
    /// <summary>The spec breaks a rule; the message names the field.</summary>
    public const string InvalidSpec = "InvalidSpec";

    /// <summary>The API server stored a spec that the operator cannot read; the message names the field.</summary>
    public const string Undecodable = "Undecodable";

    /// <summary>A ConfigMap that the template needs is not there.</summary>
    public const string ConfigMapNotFound = "ConfigMapNotFound";

    /// <summary>An eval names a suite that is not there, or is in another namespace and does not allow this one.</summary>
    public const string SuiteNotFound = "SuiteNotFound";

    /// <summary>
    /// A template or an upstream names a ServiceAccount, Secret or claim that does not allow it, or a class that the platform team does not
    /// list; the message names the field.
    /// </summary>
    public const string NotLent = "NotLent";

    /// <summary>The cases of a suite are not there.</summary>
    public const string SuiteCasesNotFound = "SuiteCasesNotFound";

    /// <summary>A suite breaks a rule of its own; the message names the field.</summary>
    public const string SuiteInvalid = "SuiteInvalid";

    /// <summary>An object of a name that the operator needs belongs to somebody else.</summary>
    public const string NameConflict = "NameConflict";

    /// <summary>The API server refuses a child, for example for its template.</summary>
    public const string ChildRefused = "ChildRefused";

    /// <summary>The candidate's pods come up, or its evals run.</summary>
    public const string Evaluating = "Evaluating";

    /// <summary>An eval said no.</summary>
    public const string EvalsFailed = "EvalsFailed";

    /// <summary>The evals said neither yes nor no.</summary>
    public const string EvalsInconclusive = "EvalsInconclusive";

    /// <summary>The evals could not be measured.</summary>
    public const string EvalsErrored = "EvalsErrored";

    /// <summary>Every eval passed.</summary>
    public const string EvalsPassed = "EvalsPassed";

    /// <summary>No evals are declared: nothing is proven.</summary>
    public const string NoSuites = "NoSuites";

    /// <summary>The serving pods of a passed revision come up.</summary>
    public const string Promoting = "Promoting";

    /// <summary>A revision took over.</summary>
    public const string Promoted = "Promoted";

    /// <summary>The declared revision serves.</summary>
    public const string RevisionServing = "RevisionServing";

    /// <summary>An older revision serves.</summary>
    public const string LastGoodServing = "LastGoodServing";

    /// <summary>Nothing serves yet.</summary>
    public const string NothingPassedYet = "NothingPassedYet";

    /// <summary>Pods of the serving revision are missing.</summary>
    public const string PodsUnavailable = "PodsUnavailable";

    /// <summary>The Service was pointed at the revision; its endpoints do not show it yet.</summary>
    public const string EndpointsPending = "EndpointsPending";

    /// <summary>Pods did not become available in time.</summary>
    public const string ProgressDeadlineExceeded = "ProgressDeadlineExceeded";

    /// <summary>No budget is declared.</summary>
    public const string NoBudget = "NoBudget";

    /// <summary>The budget counts and refuses nothing.</summary>
    public const string Observing = "Observing";

    /// <summary>There is money left.</summary>
    public const string WithinBudget = "WithinBudget";

    /// <summary>The window is spent.</summary>
    public const string BudgetExhausted = "BudgetExhausted";

    /// <summary>A threshold of alertAt was passed.</summary>
    public const string BudgetAlert = "BudgetAlert";

    /// <summary>The spec names a shared budget that does not exist: model calls are refused.</summary>
    public const string SharedBudgetMissing = "SharedBudgetMissing";

    /// <summary>A cap was raised until a moment.</summary>
    public const string BudgetRaised = "BudgetRaised";

    /// <summary>Unproven spend was written off.</summary>
    public const string UnprovenWrittenOff = "UnprovenWrittenOff";

    /// <summary>The budget lets calls go again.</summary>
    public const string BudgetResumed = "BudgetResumed";

    /// <summary>A call cost more than its upper bound; its model is refused.</summary>
    public const string Overrun = "Overrun";

    /// <summary>An overrun was acknowledged; its model is let go again.</summary>
    public const string OverrunAcknowledged = "OverrunAcknowledged";

    /// <summary>An owned object was changed by somebody else and set back.</summary>
    public const string DriftReverted = "DriftReverted";

    /// <summary>A PersistentVolumeClaim that the template needs is not there.</summary>
    public const string ClaimNotFound = "ClaimNotFound";

    /// <summary>A PersistentVolumeClaim can be mounted by one node or pod only.</summary>
    public const string ClaimNotShareable = "ClaimNotShareable";

    /// <summary>A Service that is not ours selects pods that have not passed.</summary>
    public const string ForeignService = "ForeignService";

    /// <summary>The candidate passed and waits for a person.</summary>
    public const string AwaitingApproval = "AwaitingApproval";

    /// <summary>Nobody approved in time.</summary>
    public const string ApprovalTimedOut = "ApprovalTimedOut";

    /// <summary>Candidate and serving revision share the traffic.</summary>
    public const string CanaryStep = "CanaryStep";

    /// <summary>spec.rollout.paused.</summary>
    public const string Paused = "Paused";

    /// <summary>A person gave the candidate up.</summary>
    public const string Aborted = "Aborted";

    /// <summary>A decision was carried out.</summary>
    public const string DecisionCarriedOut = "DecisionCarriedOut";

    /// <summary>A decision names another revision, or cannot be carried out.</summary>
    public const string DecisionIgnored = "DecisionIgnored";

    /// <summary>An older revision's pods come up, by decision.</summary>
    public const string RollingBack = "RollingBack";

    /// <summary>An older revision serves, by decision.</summary>
    public const string RolledBack = "RolledBack";

    /// <summary>The revision to go back to is not kept any more.</summary>
    public const string RollbackImpossible = "RollbackImpossible";

    /// <summary>The revision served before, within the rollback window.</summary>
    public const string ServedBefore = "ServedBefore";

    /// <summary>A ReadinessException opens the gate.</summary>
    public const string ExceptionUsed = "ExceptionUsed";

    /// <summary>A ReadinessException ended before the promotion.</summary>
    public const string ExceptionEnded = "ExceptionEnded";

    /// <summary>A ReadinessException is in force.</summary>
    public const string ExceptionActive = "ExceptionActive";

    /// <summary>A ReadinessException's time is over.</summary>
    public const string ExceptionExpired = "ExceptionExpired";

    /// <summary>A ReadinessException is in a namespace that may hold none, or lacks reason or requester.</summary>
    public const string ExceptionNotAllowed = "ExceptionNotAllowed";

    /// <summary>What serves was measured again, and its bar is missed.</summary>
    public const string DriftDetected = "DriftDetected";

    /// <summary>What serves was measured again, and clears its bar again.</summary>
    public const string DriftOver = "DriftOver";

    /// <summary>What serves has no verdict on record.</summary>
    public const string NotEvaluated = "NotEvaluated";

    /// <summary>Others changed what cannot be set back.</summary>
    public const string Tampered = "Tampered";
}
