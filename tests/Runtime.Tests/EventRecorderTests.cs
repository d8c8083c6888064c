using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Runtime.Tests;

public sealed class EventRecorderTests
{
    private static readonly RequestPacing NoLimit = new() { Burst = int.MaxValue };
    private readonly FakeTimeProvider time = new();
    private readonly Dictionary<string, JsonObject> stored = [];
    private readonly EventRecorder recorder;

    public EventRecorderTests() =>
        recorder = new EventRecorder(new FakeServer(Answer).Api(time, NoLimit), "tests", time, NullLogger<EventRecorder>.Instance);

    [Fact]
    public async Task The_publisher_takes_the_kind_from_the_type_where_a_list_left_it_out()
    {
        EventPublisher publish = recorder.PublishAsync;
        await publish(Pod("a"), "Started", "It runs", EventType.Warning);

        var written = stored.Values.Single();
        written["involvedObject"]!.ToJsonString().ShouldBe("""{"apiVersion":"v1","kind":"Pod","namespace":"ns","name":"a","uid":"u-a"}""");
        (written["type"] + " " + written["reason"] + " " + written["message"]).ShouldBe("Warning Started It runs");
    }

    [Fact]
    public async Task The_same_words_again_are_counted_and_other_words_are_not()
    {
        await recorder.PublishAsync(Pod("a"), "Started", "It runs");
        await recorder.PublishAsync(Pod("a"), "Started", "It runs");
        await recorder.PublishAsync(Pod("a"), "Started", "It runs again");
        await recorder.PublishAsync(Pod("b"), "Started", "It runs");

        stored.Values.Select(item => (int)item["count"]!).Order().ShouldBe([1, 1, 2]);
    }

    [Fact]
    public async Task An_object_that_talks_too_much_is_cut_off_and_heard_again_later()
    {
        for (var number = 0; number < 40; number++)
            await recorder.PublishAsync(Pod("a"), "Started", $"{number}");
        stored.Count.ShouldBe(25);

        time.Advance(TimeSpan.FromMinutes(5));
        await recorder.PublishAsync(Pod("a"), "Started", "later");
        await recorder.PublishAsync(Pod("a"), "Started", "too early");

        stored.Count.ShouldBe(26);
    }

    [Fact]
    public async Task A_crowd_of_other_objects_does_not_give_it_its_voice_back()
    {
        for (var other = 0; other < 10_000; other++)
            await recorder.PublishAsync(Pod($"old{other}"), "Started", "It runs");
        time.Advance(TimeSpan.FromSeconds(1));
        for (var number = 0; number < 25; number++)
            await recorder.PublishAsync(Pod("a"), "Started", $"{number}");
        time.Advance(TimeSpan.FromSeconds(1));
        for (var other = 0; other < 10_000; other++)
            await recorder.PublishAsync(Pod($"new{other}"), "Started", "It runs");
        var before = stored.Count;

        await recorder.PublishAsync(Pod("a"), "Started", "one more");

        stored.Count.ShouldBe(before);
    }

    private static V1Pod Pod(string name) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = "ns",
                Uid = "u-" + name,
            },
        };

    private HttpResponseMessage Answer(HttpRequestMessage request)
    {
        var name = request.RequestUri!.Segments[^1];
        if (request.Method == HttpMethod.Get)
            return stored.TryGetValue(name, out var found)
                ? FakeServer.Ok(found.ToJsonString())
                : FakeServer.Error(HttpStatusCode.NotFound);
        using var reader = new StreamReader(request.Content!.ReadAsStream());
        var body = (JsonObject)JsonNode.Parse(reader.ReadToEnd())!;
        if (request.Method == HttpMethod.Post)
            stored.Add((string)body["metadata"]!["name"]!, body);
        else
            stored[name]["count"] = body["count"]!.DeepClone();
        return FakeServer.Ok();
    }
}
