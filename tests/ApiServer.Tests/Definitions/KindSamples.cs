using AgentReadiness.Api;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>A sound object of each kind.</summary>
internal static class KindSamples
{
    private static readonly Dictionary<string, (string Kind, string Spec)> Kinds = new(StringComparer.Ordinal)
    {
        ["agentbudgets"] = ("AgentBudget", """{"windows": [{"period": "Day", "maxCost": "50"}], "evaluations": {"maxPercent": 20}}"""),
        ["agentdeployments"] = (
            "AgentDeployment",
            """
            {
              "replicas": 2,
              "template": {"spec": {"containers": [{"name": "agent", "image": "agent:1"}]}},
              "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
              "rollout": {"drain": "30s"},
              "evals": [{"suite": {"name": "golden"}, "minScore": "0.90"}],
              "budget": {"windows": [{"period": "Day", "maxCost": "50"}]},
              "reliability": {"modelCall": {"timeout": "60s"}},
              "guardrails": {"models": {"allow": ["gpt-5.4-mini"]},
                "upstreams": [{"name": "openai", "format": "OpenAI", "url": "https://provider/v1"}]},
              "telemetry": {"otlp": {"endpoint": "http://otel:4318"}}
            }
            """
        ),
        ["budgetledgers"] = ("BudgetLedger", """{"namespace": "shop", "agent": "support", "account": "Serving"}"""),
        ["evalruns"] = (
            "EvalRun",
            """
            {
              "agent": {"namespace": "shop", "name": "support"}, "agentUid": "u", "revision": "0123456789abcde", "suite": "golden",
              "suiteDigest": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "attempt": 1,
              "target": "http://support-candidate.shop:80/v1", "minScore": "0.90", "confidence": "0.95", "minCases": 10,
              "repeats": {"min": 1, "max": 3}, "deadline": "30m"
            }
            """
        ),
        ["evalsuites"] = (
            "EvalSuite",
            """
            {"builtin": {"cases": {"name": "golden", "key": "cases.jsonl"},
              "judge": {"url": "https://provider/v1", "model": "gpt-5.4-mini"}}}
            """
        ),
        ["readinessexceptions"] = (
            "ReadinessException",
            """
            {
              "agent": {"namespace": "shop", "name": "support"}, "revision": "0123456789abcde", "gates": ["Evals"], "reason": "OPS-1",
              "requestedBy": "jane", "expiresAt": "2026-12-01T18:00:00Z"
            }
            """
        ),
    };

    /// <summary>An object of a kind.</summary>
    /// <param name="plural">The kind's plural name.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="name">The object's name.</param>
    /// <param name="group">Its API group.</param>
    public static JsonObject Of(string plural, string ns, string name = "support", string group = Names.Group)
    {
        var (kind, spec) = Kinds[plural];
        return new JsonObject
        {
            ["apiVersion"] = $"{group}/{Names.Version}",
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["spec"] = JsonNode.Parse(spec),
        };
    }
}
