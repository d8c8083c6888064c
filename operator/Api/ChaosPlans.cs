using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Api;

/// <summary>From what an eval declares to the plan that a guardrail carries out, with everything that has a default. Pure.</summary>
public static class ChaosPlans
{
    /// <summary>The plan of an eval; null where it declares no chaos.</summary>
    /// <param name="eval">A sound eval.</param>
    public static ChaosPlan? Of(EvalRequirement eval) =>
        eval.Chaos is not { } chaos
            ? null
            : ChaosPlan.Of(
                NameOf(eval),
                chaos.Seed ?? 0,
                [
                    .. chaos.Faults.Select(fault => new ChaosFault
                    {
                        Fault = fault.Fault!.Value.ToString(),
                        Upstream = fault.Upstream,
                        Tool = fault.Tool,
                        Percent = fault.Percent!.Value,
                        Delay = fault.Fault == ChaosFaultKind.Slow ? fault.Delay ?? ChaosFaults.DefaultDelay : null,
                        Text = fault.Fault == ChaosFaultKind.InjectedText ? fault.Text ?? ChaosFaults.DefaultText : null,
                    }),
                ]
            );

    /// <summary>The plans of an agent's evals, each once.</summary>
    public static IReadOnlyList<ChaosPlan> Of(AgentDeploymentSpec spec) =>
        [.. spec.Evals.Select(Of).OfType<ChaosPlan>().DistinctBy(plan => plan.Id)];

    /// <summary>How an eval is called: by its name, else by its suite's.</summary>
    public static string NameOf(EvalRequirement eval) => eval.Name ?? eval.Suite.Name;

    /// <summary>A fault in words: "ServerError/openai 20%".</summary>
    public static string Words(ChaosFault fault) =>
        FormattableString.Invariant($"{fault.Fault}/{fault.Tool ?? fault.Upstream} {fault.Percent}%")
        + (fault.Delay is null ? "" : $" {fault.Delay}");
}
