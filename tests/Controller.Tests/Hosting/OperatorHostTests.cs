using System.Net;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.AspNetCore.Builder;
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
        var time = new FakeTimeProvider(new DateTimeOffset(2031, 2, 3, 4, 5, 6, TimeSpan.Zero));
        await using var app = await BuildAsync(server, services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));

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

    [Fact]
    public async Task Of_ConfigMaps_and_Secrets_that_are_not_the_operators_only_metadata_is_asked_for()
    {
        await using var app = await BuildAsync(new Server());
        var caches = app.Services.GetServices<IObjectCache>().Where(cache => cache.Resource.Kind is "ConfigMap" or "Secret").ToList();
        caches.Count(cache => cache.MetadataOnly).ShouldBe(2, "one for each of the two kinds");
        caches
            .Where(cache => !cache.MetadataOnly)
            .ShouldAllBe(cache => cache.LabelSelector == CacheIndexes.Managed || cache.Only!.Value.Namespace == "system");
    }

    [Fact]
    public async Task What_is_referred_to_is_read_when_it_is_new_and_only_then()
    {
        var server = new Server { Prompt = "one" };
        await using var app = await BuildAsync(server);
        var store = app.Services.GetRequiredService<ConfigMapStore>();
        var key = new NamespacedName("shop", "prompt");
        await store.ReadAsync([key], CancellationToken.None);
        (store.Get(key), server.Read).ShouldBe((null, 0), "the cache shows none");

        Put<ConfigMapVersion>(app, server.Metadata(1));
        await store.ReadAsync([key, key], CancellationToken.None);
        await store.ReadAsync([key], CancellationToken.None);
        var first = store.Get(key)!.Digest;
        server.Read.ShouldBe(1);

        server.Prompt = "two";
        Put<ConfigMapVersion>(app, server.Metadata(2));
        await store.ReadAsync([key], CancellationToken.None);
        store.Get(key)!.Digest.ShouldNotBe(first);
        server.Read.ShouldBe(2);

        using var gone = JsonDocument.Parse(server.Metadata(2));
        app.Services.GetRequiredService<ObjectCache<ConfigMapVersion>>().Delete(gone.RootElement);
        store.Get(key).ShouldBeNull();
    }

    [Fact]
    public async Task A_suite_gets_what_is_lent_and_its_judges_key_is_nobody_elses()
    {
        await using var app = await BuildAsync(new Server());
        var keys = app.Services.GetRequiredService<IKeysInUse>();
        keys.IsKey("evals", "judge-key", declared: true).ShouldBeFalse();
        Put<EvalSuite>(
            app,
            """
            {"metadata":{"namespace":"evals","name":"golden","uid":"s","resourceVersion":"1"},
             "spec":{"builtin":{"cases":{"name":"c","key":"k"},"pod":{"serviceAccountName":"builder"},
               "judge":{"url":"https://api.openai.com","model":"m","credentials":{"secretRef":{"name":"judge-key","key":"k"}}}}}}
            """
        );
        keys.IsKey("evals", "judge-key", declared: true).ShouldBeTrue();
        keys.IsKey("shop", "judge-key", declared: true).ShouldBeFalse();

        var suites = app.Services.GetRequiredService<SuiteObserver>();
        suites.Observe("evals", "golden").NotLent.ShouldStartWith("spec.builtin.pod.serviceAccountName: ");
        Put<ServiceAccountView>(
            app,
            """
            {"metadata":{"namespace":"evals","name":"builder","uid":"a","resourceVersion":"1",
             "labels":{"agentreadiness.dev/usable-by-agents":"true"}}}
            """
        );
        suites.Observe("evals", "golden").NotLent.ShouldStartWith("spec.builtin.judge.credentials.secretRef.name: ");
        Put<SecretView>(
            app,
            """
            {"metadata":{"namespace":"evals","name":"judge-key","uid":"k","resourceVersion":"1",
             "annotations":{"agentreadiness.dev/hosts":"api.openai.com"}}}
            """
        );
        suites.Observe("evals", "golden").NotLent.ShouldBeNull();
    }

    [Fact]
    public async Task A_pod_that_a_ledger_names_is_known_when_all_that_made_it_is_gone()
    {
        await using var app = await BuildAsync(new Server());
        Put<BudgetLedger>(
            app,
            """
            {"metadata":{"namespace":"system","name":"shop.support.judge-abc","uid":"l","resourceVersion":"1"},
             "spec":{"namespace":"shop","agent":"support","account":"Judge","revision":"abc"},
             "status":{"holders":[{"id":"0123456789abcdef","segment":1,"pod":"run-1","podUid":"u1"}]}}
            """
        );
        var held = app.Services.GetRequiredService<HeldMoney>();
        var judge = AccountKey.Judge("shop", "support", new Revision("abc"));
        BoundPod Pod(string uid) => new("evals", new HolderPod("run-1", uid));
        held.OfJudge(Pod("u1")).ShouldBe(judge);
        held.Is(judge, Pod("u1")).ShouldBeTrue();
        held.OfJudge(Pod("u2")).ShouldBeNull("of the same name, and another pod");
        held.Is(judge, Pod("u2")).ShouldBeFalse();
        held.Is(AccountKey.Serving("shop", "support"), Pod("u1")).ShouldBeFalse("another account");
    }

    private static void Put<T>(WebApplication app, string item)
        where T : class
    {
        using var document = JsonDocument.Parse(item);
        app.Services.GetRequiredService<ObjectCache<T>>().Upsert(document.RootElement);
    }

    // The client is ended with the process: the host asks it until it is disposed of.
    private static Task<WebApplication> BuildAsync(Server server, Action<IServiceCollection>? adjust = null) =>
        OperatorHost.BuildAsync(
            new OperatorOptions
            {
                Namespace = "system",
                PodName = "operator-0",
                PodIp = "127.0.0.1",
                GuardrailImage = "guardrail",
                EvalRunnerImage = "runner",
                GrantsUrl = "https://operator:8443",
                GrantsSecret = "operator-tls",
                PricesConfigMap = "prices",
            },
            new Kubernetes(new KubernetesClientConfiguration { Host = "http://fake" }, server),
            CancellationToken.None,
            adjust
        );

    /// <summary>An API server of version 1.30 that holds nothing, and keeps what is created.</summary>
    private sealed class Server : DelegatingHandler
    {
        private int version;

        public List<JsonObject> Created { get; } = [];

        /// <summary>The content of ConfigMap shop/prompt.</summary>
        public string Prompt { get; set; } = "";

        /// <summary>How often that was read.</summary>
        public int Read { get; private set; }

        /// <summary>That ConfigMap without its content, at a version.</summary>
        public string Metadata(int next) => Metadata(version = next, string.Empty);

        private static string Metadata(int version, string rest) =>
            $$"""{"metadata":{"namespace":"shop","name":"prompt","uid":"p","resourceVersion":"{{version}}"}{{rest}}}""";

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Query == "?dryRun=All")
                return Json(HttpStatusCode.Created, await request.Content!.ReadAsStringAsync(cancellationToken));
            if (request.Method == HttpMethod.Post)
            {
                Created.Add((JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!);
                return Json(HttpStatusCode.Created, """{"metadata": {}}""");
            }
            if (request.RequestUri!.AbsolutePath == "/api/v1/namespaces/shop/configmaps/prompt")
            {
                Read++;
                return Json(HttpStatusCode.OK, Metadata(version, $$""","data":{"prompt.txt":"{{Prompt}}"}"""));
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
