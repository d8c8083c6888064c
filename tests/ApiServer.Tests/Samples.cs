using System.Text.RegularExpressions;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>A sound AgentDeployment, and ways to spoil it.</summary>
internal static partial class Samples
{
    public static JsonObject Agent(string ns, string name = "support") =>
        (JsonObject)
            JsonNode.Parse(
                $$$"""
                {
                  "apiVersion": "agentreadiness.dev/v1alpha1", "kind": "AgentDeployment",
                    "metadata": {"name": "{{{name}}}", "namespace": "{{{ns}}}"},
                  "spec": {
                    "replicas": 2,
                    "template": {"spec": {"containers": [{"name": "agent", "image": "agent:1"}]}},
                    "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
                    "rollout": {"drain": "30s"},
                    "evals": [{"suite": {"name": "golden"}, "minScore": "0.90"}],
                    "budget": {"windows": [{"period": "Day", "maxCost": "50"}]},
                    "reliability": {"modelCall": {"timeout": "60s"}},
                    "guardrails": {"models": {"allow": ["gpt-5.4-mini"]},
                      "upstreams": [{"name": "openai", "format": "OpenAI", "url": "https://provider/v1"}]}
                  }
                }
                """
            )!;

    /// <summary>What a kubelet asks for a projected token of the grant protocol.</summary>
    /// <param name="audience">Whom it is for.</param>
    /// <param name="pod">Name and UID of the pod that it is bound to; null: to none.</param>
    public static JsonObject TokenRequest(string audience, (string Name, string Uid)? pod)
    {
        var spec = new JsonObject { ["audiences"] = new JsonArray(audience), ["expirationSeconds"] = 3600 };
        if (pod is var (name, uid))
            spec["boundObjectRef"] = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Pod",
                ["name"] = name,
                ["uid"] = uid,
            };
        return new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenRequest",
            ["spec"] = spec,
        };
    }

    /// <summary>Sets the field of a path such as spec.evals[0].minScore; null removes it.</summary>
    public static void Set(JsonObject root, string path, JsonNode? value)
    {
        JsonNode node = root;
        var steps = Step().Matches(path).Select(match => match.Value).ToList();
        foreach (var step in steps.SkipLast(1))
            node = step[0] == '[' ? node[int.Parse(step.Trim('[', ']'), CultureInfo.InvariantCulture)]! : node[step]!;
        if (value is null)
            ((JsonObject)node).Remove(steps[^1]);
        else if (steps[^1][0] == '[')
            node[int.Parse(steps[^1].Trim('[', ']'), CultureInfo.InvariantCulture)] = value;
        else
            node[steps[^1]] = value;
    }

    [GeneratedRegex(@"[A-Za-z]+|\[\d+\]")]
    private static partial Regex Step();
}
