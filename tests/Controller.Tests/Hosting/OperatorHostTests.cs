using System.Net;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Controller.Tests;

/// <summary>How the operator is put together.</summary>
public sealed class OperatorHostTests
{
    [Fact]
    public async Task Events_carry_the_time_of_the_host_s_clock()
    {
        var server = new Server();
        using var client = new Kubernetes(new KubernetesClientConfiguration { Host = "http://fake" }, server);
        var options = new OperatorOptions
        {
            Namespace = "system",
            PodName = "operator-0",
            PodIp = "127.0.0.1",
            GuardrailImage = "guardrail",
            EvalRunnerImage = "runner",
            GrantsUrl = "https://operator:8443",
            GrantsSecret = "operator-tls",
        };
        var time = new FakeTimeProvider(new DateTimeOffset(2031, 2, 3, 4, 5, 6, TimeSpan.Zero));
        await using var app = await OperatorHost.BuildAsync(
            options,
            client,
            CancellationToken.None,
            services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time))
        );

        await app
            .Services.GetRequiredService<EventRecorder>()
            .PublishAsync(
                new EventSubject("v1", "Pod", new NamespacedName("shop", "a"), "u"),
                warning: false,
                "Started",
                "It runs",
                CancellationToken.None
            );

        var written = server.Created.ShouldHaveSingleItem();
        written["source"]!["component"]!.GetValue<string>().ShouldBe("agent-readiness-operator");
        written["firstTimestamp"]!.GetValue<string>().ShouldBe("2031-02-03T04:05:06Z");
        written["lastTimestamp"]!.GetValue<string>().ShouldBe("2031-02-03T04:05:06Z");
    }

    /// <summary>An API server of version 1.30 that holds nothing, and keeps what is created.</summary>
    private sealed class Server : DelegatingHandler
    {
        public List<JsonObject> Created { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Query == "?dryRun=All")
                return Json(HttpStatusCode.Created, await request.Content!.ReadAsStringAsync(cancellationToken));
            if (request.Method == HttpMethod.Post)
            {
                Created.Add((JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!);
                return Json(HttpStatusCode.Created, """{"metadata": {}}""");
            }
            return request.RequestUri!.AbsolutePath switch
            {
                "/apis/policy/v1" => Json(HttpStatusCode.OK, """{"resources": [{"name": "poddisruptionbudgets"}]}"""),
                _ => Json(HttpStatusCode.NotFound, """{"kind": "Status", "reason": "NotFound"}"""),
            };
        }

        private static HttpResponseMessage Json(HttpStatusCode status, string text) =>
            new(status) { Content = new StringContent(text, Encoding.UTF8, "application/json") };
    }
}
