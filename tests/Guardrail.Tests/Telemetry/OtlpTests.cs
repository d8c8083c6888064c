using System.Collections.Concurrent;
using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Telemetry;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenAI.Chat;
using Wire = Google.Protobuf.WireFormat;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The spend log at a collector, over a real connection, decoded by the numbers of OpenTelemetry's .proto files.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task A_collector_gets_calls_and_runs_with_all_that_their_cost_is_told_apart_by()
    {
        await using var collector = await Collector.StartAsync();
        await using var rig = await Rig.StartAsync(To(collector.Url));
        await rig.StartAgentAsync("be brief");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions")
        {
            Content = new StringContent(Rig.Body("my secret question"), null, "application/json"),
        };
        request.Headers.Add("X-Agent-Tag-Customer", "initech");
        var answer = await rig.Http.SendAsync(request);
        var run = answer.Headers.GetValues("X-Agent-Run-Id").Single();

        var records = await collector.UntilAsync("RunEnded");
        var call = records.Single(record => record.Event == "ModelCall");
        call.Resource.ShouldBe(
            new Dictionary<string, string>
            {
                ["service.name"] = "support",
                ["k8s.namespace.name"] = "shop",
                ["agentreadiness.revision"] = "abc123",
                ["agentreadiness.track"] = "serving",
            },
            ignoreOrder: true
        );
        (call.Attributes["tag.customer"], call.Attributes["RunId"], call.Attributes["Model"], call.Attributes["Outcome"]).ShouldBe(
            ("initech", run, Rig.Model, "settled")
        );
        call.Attributes["CostUsd"].ShouldBe(rig.Billed(completed: true).ToString());
        var ended = records.Single(record => record.Event == "RunEnded");
        (ended.Attributes["tag.customer"], ended.Attributes["RunId"], ended.Attributes["CostUsd"]).ShouldBe(
            ("initech", run, call.Attributes["CostUsd"])
        );
        var all = string.Concat(records.SelectMany(record => record.Attributes.Select(pair => pair.Key + pair.Value).Append(record.Body)));
        all.ShouldNotContain("secret");
        all.ShouldNotContain(Rig.Key);
    }

    [Fact]
    public async Task A_collector_that_never_answers_delays_no_call_however_many_records_wait()
    {
        await using var collector = await Collector.StartAsync(hang: true);
        await using var rig = await Rig.StartAsync(To(collector.Url));
        // More than the queue holds, while the first batch is stuck: whoever waited for room would wait for ever.
        var log = rig.Guardrail.Services.GetRequiredService<OtlpLog>().Logger;
        for (var i = 0; i < 600; i++)
            log.LogInformation("fill a batch");
        await collector.Reached;
        for (var i = 0; i < 10_000; i++)
            log.LogInformation("more than the queue holds");
        (await rig.Client().CompleteChatAsync(new UserChatMessage("hello"))).Value.Content.ShouldNotBeEmpty();
        await rig.CallsAsync(1);
        collector.Release();
    }

    [Fact]
    public async Task Nobody_there_is_no_reason_to_fail_a_call()
    {
        await using var rig = await Rig.StartAsync(To($"http://127.0.0.1:{Ports.Free()}"));
        await rig.Client().CompleteChatAsync(new UserChatMessage("hello"));
        await rig.CallsAsync(1);
    }

    [Fact]
    public async Task A_collector_that_is_named_later_is_taken_up()
    {
        await using var collector = await Collector.StartAsync();
        await using var rig = await Rig.StartAsync();
        var config = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(rig.ConfigPath), ContractsJson.Default.GuardrailConfig)!;
        config.OtlpEndpoint = collector.Url + "/";
        await File.WriteAllBytesAsync(rig.ConfigPath, JsonSerializer.SerializeToUtf8Bytes(config, ContractsJson.Default.GuardrailConfig));
        rig.Guardrail.Services.GetRequiredService<ConfigStore>().Reload();
        await rig.Client().CompleteChatAsync(new UserChatMessage("hello"));
        (await collector.UntilAsync("ModelCall")).ShouldHaveSingleItem();
    }

    [Fact]
    public void An_endpoint_that_is_no_URL_is_no_configuration() =>
        Should.Throw<FormatException>(() =>
            GuardrailSettings.Parse(
                """{"agent":{"namespace":"a","name":"b","revision":"c","track":"serving"},"otlpEndpoint":"otel:4318"}"""u8,
                AgentReadiness.Pricing.PriceCatalog.Load(),
                TimeProvider.System
            )
        );

    private static Func<GuardrailConfig, GuardrailConfig> To(string endpoint) =>
        config =>
        {
            config.OtlpEndpoint = endpoint;
            config.Attribution = ["customer"];
            config.ClientAttribution = ["customer"];
            return config;
        };

    private sealed record Received(
        string? Event,
        string Body,
        IReadOnlyDictionary<string, string> Attributes,
        IReadOnlyDictionary<string, string> Resource
    );

    private sealed class Collector : IAsyncDisposable
    {
        private readonly WebApplication app;
        private readonly ConcurrentQueue<Received> records = new();
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private Collector(bool hang)
        {
            var port = Ports.Free();
            Url = $"http://127.0.0.1:{port}";
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
            app = builder.Build();
            app.MapPost(
                "/v1/logs",
                async context =>
                {
                    reached.TrySetResult();
                    if (hang)
                    {
                        await Task.WhenAny(release.Task, Task.Delay(Timeout.Infinite, context.RequestAborted));
                        return;
                    }
                    context.Request.ContentType.ShouldBe("application/x-protobuf");
                    using var body = new MemoryStream();
                    await context.Request.Body.CopyToAsync(body);
                    foreach (var record in Read(body.ToArray()))
                        records.Enqueue(record);
                    Interlocked.Exchange(ref changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
                }
            );
        }

        public string Url { get; }

        public Task Reached => reached.Task.WaitAsync(TimeSpan.FromSeconds(20));

        public static async Task<Collector> StartAsync(bool hang = false)
        {
            var collector = new Collector(hang);
            await collector.app.StartAsync();
            return collector;
        }

        public void Release() => release.TrySetResult();

        public async Task<IReadOnlyList<Received>> UntilAsync(string anEvent)
        {
            while (true)
            {
                var next = Volatile.Read(ref changed).Task;
                if (records.Any(record => record.Event == anEvent))
                    return [.. records];
                await next.WaitAsync(TimeSpan.FromSeconds(20));
            }
        }

        public async ValueTask DisposeAsync()
        {
            release.TrySetResult();
            await app.DisposeAsync();
        }

        // ExportLogsServiceRequest.resource_logs 1 → resource 1, scope_logs 2 → log_records 2 → body 5, attributes 6, event_name 12.
        private static IEnumerable<Received> Read(byte[] request) =>
            from logs in Fields(request).Where(field => field.Number == 1)
            let resource = Attributes(Fields(logs.Bytes).First(field => field.Number == 1).Bytes, 1)
            from scope in Fields(logs.Bytes).Where(field => field.Number == 2)
            from record in Fields(scope.Bytes).Where(field => field.Number == 2)
            let fields = Fields(record.Bytes)
            select new Received(
                fields
                    .Where(field => field.Number == 12)
                    .Select(field => System.Text.Encoding.UTF8.GetString(field.Bytes))
                    .FirstOrDefault(),
                fields.Where(field => field.Number == 5).Select(field => Value(field.Bytes)).FirstOrDefault() ?? "",
                Attributes(record.Bytes, 6),
                resource
            );

        private static Dictionary<string, string> Attributes(byte[] message, int number) =>
            Fields(message)
                .Where(field => field.Number == number)
                .Select(field => Fields(field.Bytes))
                .ToDictionary(
                    pair => System.Text.Encoding.UTF8.GetString(pair.First(field => field.Number == 1).Bytes),
                    pair => Value(pair.First(field => field.Number == 2).Bytes)
                );

        // AnyValue: string_value 1, int_value 3.
        private static string Value(byte[] any) =>
            Fields(any)
                .Select(field => field.Number == 1 ? System.Text.Encoding.UTF8.GetString(field.Bytes) : $"{field.Number}:{field.Varint}")
                .FirstOrDefault()
            ?? "";

        private static List<(int Number, byte[] Bytes, ulong Varint)> Fields(byte[] message)
        {
            var input = new CodedInputStream(message);
            var fields = new List<(int, byte[], ulong)>();
            while (input.ReadTag() is not 0 and var tag)
            {
                var number = Wire.GetTagFieldNumber(tag);
                switch (Wire.GetTagWireType(tag))
                {
                    case Wire.WireType.LengthDelimited:
                        fields.Add((number, input.ReadBytes().ToByteArray(), 0));
                        break;
                    case Wire.WireType.Varint:
                        fields.Add((number, [], input.ReadUInt64()));
                        break;
                    default:
                        input.SkipLastField();
                        break;
                }
            }
            return fields;
        }
    }
}
