using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Lending;

/// <summary>
/// What a suite may name of its namespace: whoever may write suites has no more right to these objects than an agent's author. Pure.
/// </summary>
internal static class SuiteLending
{
    // Where the fields of a builtin suite stand in the template that is made of them.
    private const string Pod = "spec.builtin.pod";
    private const string Volume = $"{Pod}.spec.volumes[0].persistentVolumeClaim";

    /// <summary>What the suite says of its runner's pod, as a template.</summary>
    public static JsonObject Template(EvalSuiteSpec suite)
    {
        if (suite.Job is { } job)
            return job.Template;
        var pod = (JsonObject?)suite.Builtin?.Pod?.DeepClone() ?? [];
        if (suite.Builtin?.Volume is { } volume)
            pod["volumes"] = new JsonArray(
                new JsonObject { ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = volume.ClaimName } }
            );
        return new JsonObject { ["spec"] = pod };
    }

    /// <summary>The first thing that its owner does not lend, by its field; null where all of it is lent.</summary>
    /// <param name="ns">The namespace of the suite.</param>
    /// <param name="suite">The suite.</param>
    /// <param name="lent">What is lent.</param>
    /// <param name="rights">What the platform team lets authors have.</param>
    public static string? Refusal(string ns, EvalSuiteSpec suite, LentObjects lent, AuthorRights rights) =>
        LendingRules
            .Template(ns, Template(suite), suite.Job is null ? Pod : "spec.job.template", lent, rights)
            ?.Replace(Volume, "spec.builtin.volume.claimName", StringComparison.Ordinal)
            .Replace($"{Pod}.spec.", $"{Pod}.", StringComparison.Ordinal)
        ?? LendingRules.Keys(ns, KeyUses.Find(suite), lent);
}
