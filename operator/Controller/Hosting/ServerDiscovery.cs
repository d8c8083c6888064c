using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Hosting;

/// <summary>
/// Asks the API server what it has. Its version number is no answer: providers switch features and API versions on and off.
/// </summary>
internal static class ServerDiscovery
{
    /// <summary>Asks.</summary>
    /// <param name="api">The server.</param>
    /// <param name="ns">A namespace in which the operator may create Deployments.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    /// <exception cref="InvalidOperationException">The server lacks what the operator needs; the message names it.</exception>
    public static async Task<ServerFeatures> ReadAsync(KubernetesApi api, string ns, CancellationToken cancellationToken)
    {
        var disruptions =
            await FirstAsync(api, DisruptionView.Resource("v1"), cancellationToken)
            ?? await FirstAsync(api, DisruptionView.Resource("v1beta1"), cancellationToken)
            ?? throw new InvalidOperationException(
                "the API server serves poddisruptionbudgets in neither policy/v1 nor policy/v1beta1: Kubernetes 1.20 or newer is needed"
            );
        var endpoints =
            await FirstAsync(api, EndpointsView.Slices("v1"), cancellationToken)
            ?? await FirstAsync(api, EndpointsView.Slices("v1beta1"), cancellationToken)
            ?? EndpointsView.Endpoints;
        return new ServerFeatures(await HasNativeSidecarsAsync(api, ns, cancellationToken), disruptions, endpoints);
    }

    // The resource, where the server lists it in this version of its group.
    private static async Task<ResourceType?> FirstAsync(KubernetesApi api, ResourceType resource, CancellationToken cancellationToken)
    {
        try
        {
            var list = await api.SendAsync(HttpMethod.Get, $"/apis/{resource.ApiVersion}", null, null, cancellationToken);
            return list["resources"] is JsonArray resources && resources.Any(entry => (string?)entry?["name"] == resource.Plural)
                ? resource
                : null;
        }
        catch (KubernetesApiException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }

    // A server without them drops the field, and the pod would then wait for ever for an init container that never ends. A dry run shows
    // what it keeps. Where somebody's policy refuses even that, what the version has by default is the best guess.
    private static async Task<bool> HasNativeSidecarsAsync(KubernetesApi api, string ns, CancellationToken cancellationToken)
    {
        try
        {
            var kept = await api.SendAsync(
                HttpMethod.Post,
                $"{DeploymentView.Resource.Path(ns)}?dryRun=All",
                Probe(ns),
                "application/json",
                cancellationToken
            );
            return (string?)kept["spec"]?["template"]?["spec"]?["initContainers"]?[0]?["restartPolicy"] == "Always";
        }
        catch (KubernetesApiException)
        {
            var version = await api.SendAsync(HttpMethod.Get, "/version", null, null, cancellationToken);
            int Number(string name) =>
                int.TryParse(new string([.. version[name]!.GetValue<string>().TakeWhile(char.IsAsciiDigit)]), out var number) ? number : 0;
            return Number("major") > 1 || Number("minor") >= 29;
        }
    }

    // Nobody's policy should mind it: it never exists, runs nothing, and is as restricted as our own pods.
    private static JsonObject Probe(string ns)
    {
        JsonObject Labels() => new() { [Names.ManagedByLabel] = Names.Operator, ["app.kubernetes.io/name"] = "agent-readiness-probe" };
        JsonObject Container(string name) =>
            new()
            {
                ["name"] = name,
                ["image"] = "registry.k8s.io/pause:3.10",
                ["resources"] = new JsonObject
                {
                    ["requests"] = new JsonObject { ["cpu"] = "10m", ["memory"] = "16Mi" },
                    ["limits"] = new JsonObject { ["cpu"] = "10m", ["memory"] = "16Mi" },
                },
                ["securityContext"] = new JsonObject
                {
                    ["allowPrivilegeEscalation"] = false,
                    ["readOnlyRootFilesystem"] = true,
                    ["runAsNonRoot"] = true,
                    ["runAsUser"] = 65532,
                    ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
                    ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
                },
            };
        var sidecar = Container("sidecar");
        sidecar["restartPolicy"] = "Always";
        return new JsonObject
        {
            ["apiVersion"] = DeploymentView.Resource.ApiVersion,
            ["kind"] = DeploymentView.Resource.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = "agent-readiness-probe",
                ["namespace"] = ns,
                ["labels"] = Labels(),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = 0,
                ["selector"] = new JsonObject { ["matchLabels"] = Labels() },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = Labels() },
                    ["spec"] = new JsonObject
                    {
                        ["automountServiceAccountToken"] = false,
                        ["initContainers"] = new JsonArray(sidecar),
                        ["containers"] = new JsonArray(Container("main")),
                    },
                },
            },
        };
    }
}
