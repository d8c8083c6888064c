using System.Net;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Tests;

/// <summary>What differs between servers is asked of the server, in whichever combination it comes.</summary>
public sealed class ServerDiscoveryTests
{
    [Theory]
    [InlineData("policy/v1 policy/v1beta1 discovery.k8s.io/v1 discovery.k8s.io/v1beta1", "policy/v1", "discovery.k8s.io/v1")]
    [InlineData("policy/v1 discovery.k8s.io/v1", "policy/v1", "discovery.k8s.io/v1")]
    [InlineData("policy/v1beta1 discovery.k8s.io/v1beta1", "policy/v1beta1", "discovery.k8s.io/v1beta1")]
    [InlineData("policy/v1 discovery.k8s.io/v1beta1", "policy/v1", "discovery.k8s.io/v1beta1")]
    [InlineData("policy/v1beta1", "policy/v1beta1", "v1")]
    // A version of a group that has other resources alone does not serve ours.
    [InlineData("policy/v1 discovery.k8s.io/v1-empty discovery.k8s.io/v1beta1", "policy/v1", "discovery.k8s.io/v1beta1")]
    public async Task The_newest_version_that_serves_the_resource_is_taken(string served, string disruptions, string endpoints)
    {
        var features = await ReadAsync(new Server { Served = served.Split(' ') });

        features.Disruptions.ApiVersion.ShouldBe(disruptions);
        features.Endpoints.ApiVersion.ShouldBe(endpoints);
        features.Endpoints.Plural.ShouldBe(endpoints == "v1" ? "endpoints" : "endpointslices");
    }

    [Fact]
    public async Task A_server_without_disruption_budgets_is_too_old_and_is_told_so()
    {
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => ReadAsync(new Server { Served = [] }));

        refused.Message.ShouldContain("policy/v1");
        refused.Message.ShouldContain("1.20");
    }

    [Theory]
    // The version says one thing and the server does another: what it does counts.
    [InlineData("28", true, true)]
    [InlineData("36", false, false)]
    public async Task Native_sidecars_are_there_where_the_server_keeps_them(string minor, bool keeps, bool expected) =>
        (await ReadAsync(new Server { Minor = minor, KeepsSidecars = keeps })).NativeSidecars.ShouldBe(expected);

    [Theory]
    [InlineData("28", false)]
    [InlineData("29+", true)]
    [InlineData("36", true)]
    public async Task Where_a_policy_refuses_the_dry_run_the_version_decides(string minor, bool expected) =>
        (await ReadAsync(new Server { Minor = minor, KeepsSidecars = null })).NativeSidecars.ShouldBe(expected);

    [Theory]
    [InlineData("""{"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"a"}}""", "a")]
    [InlineData("""{"targetRef":{"kind":"Pod","name":"a"}}""", "a")]
    [InlineData("""{"conditions":{"ready":false},"targetRef":{"kind":"Pod","name":"a"}}""", "")]
    [InlineData("""{"conditions":{"ready":false,"serving":true,"terminating":true},"targetRef":{"kind":"Pod","name":"a"}}""", "")]
    [InlineData("""{"conditions":{"ready":true}}""", "")]
    public void A_slice_names_the_pods_that_are_ready(string endpoint, string pods)
    {
        var view = View(
            EndpointsView.Slices("v1"),
            $$$"""
            {"metadata":{"namespace":"shop","name":"support-x1","uid":"u","resourceVersion":"1",
              "labels":{"kubernetes.io/service-name":"support"}},"endpoints":[{{{endpoint}}}]}
            """
        );

        view.ServiceKey.ShouldBe("shop/support");
        string.Join(',', view.Pods).ShouldBe(pods);
    }

    [Fact]
    public void Endpoints_name_the_pods_that_are_ready()
    {
        var view = View(
            EndpointsView.Endpoints,
            """
            {"metadata":{"namespace":"shop","name":"support","uid":"u","resourceVersion":"1"},
              "subsets":[{"addresses":[{"targetRef":{"name":"a"}}],"notReadyAddresses":[{"targetRef":{"name":"b"}}]}]}
            """
        );

        view.ServiceKey.ShouldBe("shop/support");
        view.Pods.ShouldBe(["a"]);
    }

    private static EndpointsView View(ResourceType resource, string json)
    {
        using var document = JsonDocument.Parse(json);
        return EndpointsView.Reader(resource)(document.RootElement);
    }

    private static async Task<Controller.Shared.ServerFeatures> ReadAsync(Server server)
    {
        using var client = new Kubernetes(new KubernetesClientConfiguration { Host = "http://fake" }, server);
        return await ServerDiscovery.ReadAsync(new KubernetesApi(client, "tests"), "system", CancellationToken.None);
    }

    private sealed class Server : DelegatingHandler
    {
        public IReadOnlyList<string> Served { get; init; } = ["policy/v1", "discovery.k8s.io/v1"];

        public string Minor { get; init; } = "36";

        /// <summary>Null: a policy refuses.</summary>
        public bool? KeepsSidecars { get; init; } = true;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            if (request.Method == HttpMethod.Post)
            {
                request.RequestUri.PathAndQuery.ShouldBe("/apis/apps/v1/namespaces/system/deployments?dryRun=All");
                if (KeepsSidecars is not { } keeps)
                    return Json(HttpStatusCode.Forbidden, """{"kind": "Status", "reason": "Forbidden", "message": "policy"}""");
                var body = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
                if (!keeps)
                    body["spec"]!["template"]!["spec"]!["initContainers"]![0]!.AsObject().Remove("restartPolicy");
                return Json(HttpStatusCode.Created, body.ToJsonString());
            }
            if (path == "/version")
                return Json(HttpStatusCode.OK, $$"""{"major": "1", "minor": "{{Minor}}"}""");
            var version = path["/apis/".Length..];
            var plural = version.StartsWith("policy/", StringComparison.Ordinal) ? "poddisruptionbudgets" : "endpointslices";
            if (Served.Contains(version))
                return Json(HttpStatusCode.OK, $$"""{"resources": [{"name": "other"}, {"name": "{{plural}}"}]}""");
            return Served.Contains($"{version}-empty")
                ? Json(HttpStatusCode.OK, """{"resources": [{"name": "other"}]}""")
                : Json(HttpStatusCode.NotFound, """{"kind": "Status", "reason": "NotFound"}""");
        }

        private static HttpResponseMessage Json(HttpStatusCode status, string text) =>
            new(status) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
    }
}
