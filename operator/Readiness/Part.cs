namespace AgentReadiness.Readiness;

/// <summary>
/// The part of the production bar that a check belongs to. The five parts of the bar are what a readiness score counts. Three more
/// parts stand before them: a spec that breaks a check of <see cref="Manifest"/>, <see cref="Rollout"/> or <see cref="Guardrail"/> cannot
/// be carried out at all, or would void what the five parts measure, so these checks are conditions of a score and not points of it.
/// </summary>
public enum Part
{
    /// <summary>The manifest itself: its fields, its name, its ports and its replicas.</summary>
    Manifest,

    /// <summary>How a revision reaches production: strategy, steps, deadlines and decisions.</summary>
    Rollout,

    /// <summary>The guardrail stands before every call and the agent cannot go around it: upstreams and pod template.</summary>
    Guardrail,

    /// <summary>Timeouts, retries and bounded loops.</summary>
    Reliability,

    /// <summary>Traces, logs, metrics and the tags of spend.</summary>
    Observability,

    /// <summary>Failures that an agent brings with it: silent tool errors, wrong tool names, injected prompts, context overflow.</summary>
    FailureModes,

    /// <summary>A held-out set with graded expectations, run on every revision.</summary>
    Evals,

    /// <summary>Cost is measured, alerted on and capped.</summary>
    Cost,
}
