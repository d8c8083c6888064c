using AgentReadiness.Api;
using AgentReadiness.Api.Schema;
using AgentReadiness.Controller.Hosting;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>
/// A control plane whose kube-apiserver hands our kinds on to the server of custom resources of a current Kubernetes, by its aggregation
/// layer: clients ask one address and do not see the difference.
/// </summary>
public class ModernControlPlane : ControlPlane
{
    /// <summary>The server of our kinds.</summary>
    public CrdServer Crds { get; private set; } = null!;

    /// <inheritdoc />
    protected override async Task DefineAsync()
    {
        var port = Ports.Free();
        var arguments = CrdServer.Arguments(Etcd, WriteKubeconfig(Folder), Authority, Folder, port);
        Crds = new CrdServer(Start("crd-server", CrdServer.Program, arguments), Log("crd-server"), port);
        await Crds.WaitAsync();
        foreach (var kind in CrdGenerator.Kinds)
            await Crds.DefineAsync(CrdFiles.Generator().Generate(kind));

        var ns = await NamespaceAsync();
        // A Service without a selector has Endpoints, which must not be loopback addresses; a name may be.
        await Api.SendAsync(
            HttpMethod.Post,
            $"/api/v1/namespaces/{ns}/services",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "crd-server" },
                ["spec"] = new JsonObject { ["type"] = "ExternalName", ["externalName"] = "localhost" },
            },
            "application/json",
            CancellationToken.None
        );
        await Api.SendAsync(
            HttpMethod.Post,
            "/apis/apiregistration.k8s.io/v1/apiservices",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"{Names.Version}.{Names.Group}" },
                ["spec"] = new JsonObject
                {
                    ["group"] = Names.Group,
                    ["version"] = Names.Version,
                    ["groupPriorityMinimum"] = 1000,
                    ["versionPriority"] = 15,
                    ["insecureSkipTLSVerify"] = true,
                    ["service"] = new JsonObject
                    {
                        ["namespace"] = ns,
                        ["name"] = "crd-server",
                        ["port"] = port,
                    },
                },
            },
            "application/json",
            CancellationToken.None
        );
    }
}
