using System.Text.Json;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>A Job of ours.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Failure">"Reason: message" of the Failed condition, or null.</param>
public sealed record JobView(Meta Meta, string? Failure)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new("batch", "v1", "jobs", "Job");

    /// <summary>Makes the view.</summary>
    public static JobView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            item.Items("status", "conditions")
                .Where(condition => condition.Text("type") == "Failed" && condition.Text("status") == "True")
                .Select(condition => $"{condition.Text("reason")}: {condition.Text("message")}")
                .FirstOrDefault()
        );
}
