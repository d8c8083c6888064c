using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>The one thing to do about a run.</summary>
internal abstract record EvalRunAction
{
    /// <summary>Nothing: the run is over, or waits for a change or for time to pass.</summary>
    public sealed record Nothing : EvalRunAction;

    /// <summary>
    /// Delete the run, because its agent is gone. Owner references do not cross namespaces, so Kubernetes does not do it.
    /// </summary>
    public sealed record Collect : EvalRunAction;

    /// <summary>Write what is known of a run that goes on.</summary>
    /// <param name="Status">The status.</param>
    public sealed record Patch(EvalRunStatus Status) : EvalRunAction;

    /// <summary>Ask why the runner's Job has no pod, and write it.</summary>
    /// <param name="Job">The Job.</param>
    public sealed record AskWhy(Meta Job) : EvalRunAction;

    /// <summary>Write the verdict that there was no measurement.</summary>
    /// <param name="Verdict">The verdict.</param>
    public sealed record Finish(VerdictResult Verdict) : EvalRunAction;

    /// <summary>Take a place in the queue and make the runner's Job; wait where no place is free.</summary>
    /// <param name="Suite">The suite.</param>
    /// <param name="Began">When the run began.</param>
    /// <param name="TrustBundle">PEM certificates that the guardrail of a judge is to trust.</param>
    public sealed record Start(EvalSuiteSpec Suite, DateTime Began, string TrustBundle) : EvalRunAction;

    /// <summary>Read the results that a reporter left, and judge them.</summary>
    /// <param name="Report">What the reporter said.</param>
    /// <param name="Pod">The pod whose log has the results.</param>
    public sealed record Judge(ReporterMessage Report, PodView Pod) : EvalRunAction;
}
