using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>What stays the same over all attempts of a model call.</summary>
internal sealed class ModelCallPlan
{
    /// <summary>The settings when it began, prices and all; they hold for the whole call.</summary>
    public required GuardrailSettings Settings { get; init; }

    /// <summary>The provider.</summary>
    public required Upstream Upstream { get; init; }

    /// <summary>The endpoint.</summary>
    public required UpstreamEndpoint Endpoint { get; init; }

    /// <summary>What the body says.</summary>
    public required MeteredRequest Request { get; init; }

    /// <summary>The body.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The prices of its model at the call's start.</summary>
    public required PricedModel Prices { get; init; }

    /// <summary>The provider's id in the catalog, where the URL tells it.</summary>
    public required string? Provider { get; init; }

    /// <summary>The run.</summary>
    public required Run Run { get; init; }

    /// <summary>What its cost is told apart by.</summary>
    public required Tags Tags { get; init; }

    /// <summary>The same with what holds for every call of the model.</summary>
    public SpendLabels Labels => new(Prices.RuleId, Settings.Config.Agent.Revision, Tags);

    /// <summary>The output limit of each choice that is in force, tokens.</summary>
    public required long OutputLimit { get; init; }

    /// <summary>The most that one attempt can cost.</summary>
    public required Money UpperBound { get; init; }

    /// <summary>The query that goes to the provider.</summary>
    public required string Query { get; init; }

    /// <summary>When the call began, a timestamp of the clock.</summary>
    public required long StartedAt { get; init; }
}
