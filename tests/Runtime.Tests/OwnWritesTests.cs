using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Runtime.Tests;

public sealed class OwnWritesTests
{
    private static readonly NamespacedName Key = new("ns", "a");
    private readonly FakeTimeProvider time = new();
    private readonly OwnWrites writes;

    public OwnWritesTests()
    {
        writes = new OwnWrites(time);
        writes.Track(Objects.Things);
    }

    [Theory]
    [InlineData("9", "10", OwnWriteState.Awaited)]
    [InlineData("10", "10", OwnWriteState.Seen)]
    [InlineData("11", "10", OwnWriteState.Seen)]
    [InlineData("18446744073709551615", "9", OwnWriteState.Seen)]
    [InlineData("a9", "a10", OwnWriteState.Awaited)]
    [InlineData("a10", "a10", OwnWriteState.Seen)]
    [InlineData("a11", "a10", OwnWriteState.Awaited)]
    [InlineData(null, "10", OwnWriteState.Awaited)]
    public void A_cache_is_behind_while_it_shows_less_than_the_last_write(string? cached, string written, OwnWriteState expected)
    {
        writes.Remember(Objects.Things, Objects.Thing("a", written));

        writes.Check(Objects.Things, Key, cached, out _).ShouldBe(expected);
    }

    [Fact]
    public void The_newest_write_counts_whatever_order_the_answers_came_in()
    {
        writes.Remember(Objects.Things, Objects.Thing("a", "10"));
        writes.Remember(Objects.Things, Objects.Thing("a", "8"));
        writes.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.Awaited);

        writes.Remember(Objects.Things, Objects.Thing("a", "12"));
        writes.Seen(Objects.Things, Key, "11");
        writes.Check(Objects.Things, Key, "11", out _).ShouldBe(OwnWriteState.Awaited);
        writes.Seen(Objects.Things, Key, "12");
        writes.Check(Objects.Things, Key, "1", out _).ShouldBe(OwnWriteState.Seen, "once seen it is forgotten");
    }

    [Fact]
    public void What_is_gone_is_forgotten()
    {
        writes.Remember(Objects.Things, Objects.Thing("a", "10"));
        writes.Seen(Objects.Things, Key, null);

        writes.Check(Objects.Things, Key, null, out _).ShouldBe(OwnWriteState.Seen);
    }

    [Fact]
    public void A_write_that_never_appears_is_given_up_and_said_so_once()
    {
        writes.Remember(Objects.Things, Objects.Thing("a", "10"));
        time.Advance(TimeSpan.FromSeconds(10));
        writes.Check(Objects.Things, Key, "9", out var wait).ShouldBe(OwnWriteState.Awaited);
        wait.ShouldBe(TimeSpan.FromSeconds(20));

        time.Advance(wait);

        writes.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.GivenUp);
        writes.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.Seen);
    }

    [Fact]
    public void Only_objects_of_kinds_that_are_reconciled_are_kept_and_one_that_goes_is_awaited_to_be_gone()
    {
        var others = new ResourceType("", "v1", "others", "Other");
        writes.Remember(others, Objects.Thing("a", "10"));
        writes.Check(others, Key, "9", out _).ShouldBe(OwnWriteState.Seen);

        writes.Remember(Objects.Things, new JsonObject { ["kind"] = "Status", ["metadata"] = new JsonObject() });
        var leaving = Objects.Thing("a", "10");
        leaving["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        writes.Remember(Objects.Things, leaving);
        writes.Check(Objects.Things, Key, "10", out _).ShouldBe(OwnWriteState.Awaited, "the last finalizer is gone, and so is the object");
        writes.Check(Objects.Things, Key, null, out _).ShouldBe(OwnWriteState.Seen);
        writes.Remember(Objects.Things, leaving);
        writes.Check(Objects.Things, Key, "11", out _).ShouldBe(OwnWriteState.Seen, "another of the same name");

        leaving["metadata"]!["finalizers"] = new JsonArray("example.com/other");
        writes.Remember(Objects.Things, leaving);
        writes.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.Awaited);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("replace")]
    [InlineData("apply")]
    [InlineData("patch")]
    public async Task Every_writing_verb_is_remembered(string verb)
    {
        var answer = Objects.Thing("a", "10").ToJsonString();
        var api = new FakeServer(_ => FakeServer.Ok(answer)).Api(time);
        api.OwnWrites.Track(Objects.Things);
        await (
            verb switch
            {
                "create" => api.CreateAsync(Objects.Things, "ns", [], CancellationToken.None),
                "replace" => api.ReplaceAsync(Objects.Things, "ns", "a", [], CancellationToken.None),
                "apply" => api.ApplyAsync(Objects.Things, "ns", "a", [], CancellationToken.None),
                _ => api.MergePatchAsync(Objects.Things, "ns", "a", "status", [], CancellationToken.None),
            }
        );

        api.OwnWrites.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.Awaited);
    }

    [Fact]
    public async Task A_deletion_is_remembered_where_the_object_stays_for_its_finalizers_and_a_read_never()
    {
        var thing = Objects.Thing("a", "10");
        var api = new FakeServer(_ => FakeServer.Ok(thing.ToJsonString())).Api(time);
        api.OwnWrites.Track(Objects.Things);
        await api.GetAsync(Objects.Things, "ns", "a", CancellationToken.None);
        await api.DeleteAsync(Objects.Things, "ns", "a", null, CancellationToken.None);
        api.OwnWrites.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.Seen);

        thing["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        thing["metadata"]!["finalizers"] = new JsonArray("example.com/other");
        await api.DeleteAsync(Objects.Things, "ns", "a", null, CancellationToken.None);
        api.OwnWrites.Check(Objects.Things, Key, "9", out _).ShouldBe(OwnWriteState.Awaited);
    }
}
