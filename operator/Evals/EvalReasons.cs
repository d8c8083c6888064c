namespace AgentReadiness.Evals;

/// <summary>Reasons of verdicts, in EvalRun's status and events; stable words that programs may rely on.</summary>
public static class EvalReasons
{
    /// <summary>The runner said that it could not measure.</summary>
    public const string RunnerFailed = "RunnerFailed";

    /// <summary>The suite has no cases: an empty measurement is not a pass.</summary>
    public const string NoCases = "NoCases";

    /// <summary>minScore or confidence is no bar.</summary>
    public const string InvalidThresholds = "InvalidThresholds";

    /// <summary>The report's counts do not add up.</summary>
    public const string CountsDisagree = "CountsDisagree";

    /// <summary>Some cases could not be measured.</summary>
    public const string CasesErrored = "CasesErrored";

    /// <summary>A case with a critical tag failed.</summary>
    public const string CriticalCaseFailed = "CriticalCaseFailed";

    /// <summary>Fewer cases than minCases.</summary>
    public const string TooFewCases = "TooFewCases";

    /// <summary>The lower bound reaches minScore: passed.</summary>
    public const string ScoreCleared = "ScoreCleared";

    /// <summary>The upper bound is below minScore: failed.</summary>
    public const string ScoreTooLow = "ScoreTooLow";

    /// <summary>minScore lies between the bounds: inconclusive.</summary>
    public const string BoundsStraddle = "BoundsStraddle";

    /// <summary>The bar was cleared under chaos of which no case met a fault: inconclusive.</summary>
    public const string NoFaultMet = "NoFaultMet";

    /// <summary>The suite or its cases changed before the run began.</summary>
    public const string SuiteChanged = "SuiteChanged";

    /// <summary>The ConfigMap has no such key.</summary>
    public const string CasesMissing = "CasesMissing";

    /// <summary>The runner's Job failed.</summary>
    public const string RunnerJobFailed = "RunnerJobFailed";

    /// <summary>Nobody heard of the runner within the deadline.</summary>
    public const string RunnerVanished = "RunnerVanished";

    /// <summary>
    /// No pod of the runner could be made, for example because of a quota. Kubernetes tries again until the deadline; the message says why.
    /// </summary>
    public const string RunnerRefused = "RunnerRefused";

    /// <summary>The run waits for a place in the queue.</summary>
    public const string Queued = "Queued";

    /// <summary>The run waits for somebody to submit results.</summary>
    public const string AwaitingSubmission = "AwaitingSubmission";

    /// <summary>Nobody submitted results within the deadline.</summary>
    public const string NotSubmitted = "NotSubmitted";

    /// <summary>The runner's container did not start, for example for its image.</summary>
    public const string RunnerNotStarted = "RunnerNotStarted";

    /// <summary>The reporter's log, which holds the results, cannot be read.</summary>
    public const string LogUnreadable = "LogUnreadable";

    /// <summary>The runner ended with an error.</summary>
    public const string RunnerCrashed = "RunnerCrashed";

    /// <summary>The runner left no report, or one that cannot be read.</summary>
    public const string NoReport = "NoReport";

    /// <summary>The report is of another run.</summary>
    public const string ForeignReport = "ForeignReport";

    /// <summary>The report is of other cases than the runner was given.</summary>
    public const string ForeignCases = "ForeignCases";

    /// <summary>The results file is broken, cut off, or larger than what is read.</summary>
    public const string ResultsUnreadable = "ResultsUnreadable";

    /// <summary>The results file is of no known format.</summary>
    public const string UnknownFormat = "UnknownFormat";

    /// <summary>The results are of a run that did not end well, was invalidated, or is there in part only.</summary>
    public const string RunIncomplete = "RunIncomplete";

    /// <summary>A case is there twice, and it is not said that they are repeats.</summary>
    public const string DuplicateCases = "DuplicateCases";

    /// <summary>A score is no number between 0 and 1.</summary>
    public const string ScoreInvalid = "ScoreInvalid";

    /// <summary>The results are of several prompts or providers, and so of none.</summary>
    public const string SeveralSubjects = "SeveralSubjects";

    /// <summary>No case has one of the critical tags: nothing would be guarded.</summary>
    public const string CriticalTagUnknown = "CriticalTagUnknown";

    /// <summary>The results of the baseline cannot be used.</summary>
    public const string BaselineUnusable = "BaselineUnusable";

    /// <summary>Too few cases are measured both in the results and in the baseline: inconclusive.</summary>
    public const string TooFewPairs = "TooFewPairs";

    /// <summary>Significantly worse than the baseline, by more than maxRegression: failed.</summary>
    public const string Regressed = "Regressed";

    /// <summary>The runner or the judge would need an object of the suite's namespace that is not lent to suites.</summary>
    public const string NotLent = "NotLent";

    /// <summary>The runner ended and left no results file.</summary>
    public const string NoResults = "NoResults";

    /// <summary>The run was stopped before its end, mostly because its deadline passed.</summary>
    public const string DeadlineExceeded = "DeadlineExceeded";
}
