using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.EvalSuites;

/// <summary>Registers EvalSuites. They have no controller: whoever uses one reads it.</summary>
internal static class Registration
{
    /// <summary>Index: suites by "namespace/Secret" of their judge's key.</summary>
    internal const string ByKey = "key";

    /// <summary>Adds their cache, and who reads a suite together with its cases.</summary>
    public static IOperatorBuilder AddEvalSuites(this IOperatorBuilder builder)
    {
        builder.Services.AddSingleton<SuiteObserver>();
        return builder.AddTypedCache<EvalSuite, EvalSuiteSpec, EvalSuiteStatus>(cache =>
            cache
                .AddIndex(CacheIndexes.ByCases, entry => CasesOf(entry.View.Spec).Select(name => $"{entry.Key.Namespace}/{name}"))
                .AddIndex(ByKey, entry => KeyUses.Find(entry.View.Spec).Select(use => $"{entry.Key.Namespace}/{use.Secret}"))
        );
    }

    /// <summary>The names of the ConfigMaps that hold the cases of a suite.</summary>
    internal static IEnumerable<string> CasesOf(EvalSuiteSpec suite) =>
        suite switch
        {
            { Builtin.Cases: { } cases } => [cases.Name],
            { Job: { } job } => ConfigMapReferences.Find(job.Template).Select(reference => reference.Name),
            _ => [],
        };
}
