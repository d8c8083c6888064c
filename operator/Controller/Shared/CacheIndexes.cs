using AgentReadiness.Api;

namespace AgentReadiness.Controller.Shared;

/// <summary>The indexes of caches that several kinds look things up by. An index that one kind alone uses is named beside it.</summary>
internal static class CacheIndexes
{
    /// <summary>Objects by the "namespace/agent" that they belong to, by their labels or their spec.</summary>
    public const string ByAgent = "agent";

    /// <summary>Objects by namespace.</summary>
    public const string ByNamespace = "namespace";

    /// <summary>Pods by the EvalRun's name, as "namespace/run".</summary>
    public const string ByRun = "run";

    /// <summary>EvalSuites by "namespace/configmap" of their cases.</summary>
    public const string ByCases = "cases";

    /// <summary>The label selector of the objects that the operator made.</summary>
    public const string Managed = $"{Names.ManagedByLabel}={Names.Operator}";

    /// <summary>The key under <see cref="ByAgent"/> of an object that carries the agent's label; empty where it carries none.</summary>
    public static IEnumerable<string> AgentKey(Meta meta) =>
        meta.Label(Names.AgentLabel) is { } agent ? [$"{meta.Key.Namespace}/{agent}"] : [];
}
