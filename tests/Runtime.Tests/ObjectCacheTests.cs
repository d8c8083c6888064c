namespace AgentReadiness.Runtime.Tests;

public sealed class ObjectCacheTests
{
    private readonly ObjectCache<string> cache = new ObjectCache<string>(
        new ResourceType("", "v1", "things", "Thing"),
        null,
        item => item.GetProperty("value").GetString()!
    ).AddIndex("value", entry => entry.View == "no index" ? throw new FormatException("none") : [entry.View]);
    private readonly List<string> changes = [];

    public ObjectCacheTests() => cache.Changed += (before, after) => changes.Add($"{before?.View ?? "-"}>{after?.View ?? "-"}");

    [Fact]
    public void A_list_drops_what_it_does_not_hold_and_tells_each_change_once()
    {
        Upsert("a", "1", version: 1);
        Upsert("b", "1", version: 2);
        changes.Clear();

        Replace(("a", "1", 1), ("c", "3", 3));

        changes.Order().ShouldBe(["->3", "1>-"]);
        cache.Get(new NamespacedName("ns", "b")).ShouldBeNull();
        cache.IsSynced.ShouldBeTrue();
    }

    [Fact]
    public void An_index_follows_changes()
    {
        Upsert("a", "x", 1);
        Upsert("b", "x", 2);
        Upsert("a", "y", 3);

        cache.ByIndex("value", "x").Select(entry => entry.Key.Name).ShouldBe(["b"]);
        cache.ByIndex("value", "y").Select(entry => entry.Key.Name).ShouldBe(["a"]);
        cache.ByIndex("value", "z").ShouldBeEmpty();
    }

    [Fact]
    public void The_same_name_made_anew_is_a_change()
    {
        Replace(("a", "1", 1));
        changes.Clear();

        Replace(("a", "1", 9));

        changes.ShouldBe(["1>1"]);
    }

    [Theory]
    [InlineData("""{"metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"9"},"value":5}""")]
    [InlineData("""{"metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"9"}}""")]
    [InlineData("""{"metadata":{"namespace":"ns","name":"a"},"value":"2"}""")]
    [InlineData("""{"metadata":{"namespace":"ns","name":"a","uid":"u","resourceVersion":"9"},"value":"no index"}""")]
    [InlineData("""{"metadata":{"name":5}}""")]
    [InlineData("""{"metadata":5}""")]
    [InlineData("5")]
    public void An_object_that_cannot_be_read_is_that_objects_problem(string text)
    {
        var faults = new List<NamespacedName?>();
        cache.Faulted += (key, _) => faults.Add(key);
        Upsert("a", "1", 1);
        using var bad = JsonDocument.Parse(text);
        using var good = JsonDocument.Parse(Json("b", "2", 2));
        cache.Upsert(bad.RootElement);
        cache.Replace([bad.RootElement, good.RootElement]);
        cache.List().Select(entry => entry.Key.Name).ShouldBe(["b"]);
        cache.Delete(bad.RootElement);
        cache.IsSynced.ShouldBeTrue();
        faults.Count.ShouldBe(2);
        // What is known of it is older than what it is now.
        if (faults[0] is { Name: "a" })
            changes.ShouldContain("1>-");
    }

    [Fact]
    public void What_can_be_read_of_it_is_kept_where_somebody_says_how()
    {
        cache.Reduce = (item, exception) => $"{exception.GetType().Name}";
        using var bad = JsonDocument.Parse("""{"metadata":{"name":"a","uid":"u","resourceVersion":"9"},"value":5}""");
        cache.Upsert(bad.RootElement);
        cache.ByIndex("value", nameof(InvalidOperationException)).Single().Key.Name.ShouldBe("a");
    }

    [Fact]
    public void Whoever_fails_over_one_change_keeps_it_from_nobody()
    {
        var (faults, told) = (new List<NamespacedName?>(), new List<string>());
        cache.Faulted += (key, _) => faults.Add(key);
        cache.Changed += (_, _) => throw new FormatException("x");
        cache.Changed += (_, after) => told.Add(after!.View);
        Replace(("a", "1", 1), ("b", "2", 2));
        Upsert("c", "3", 3);
        told.ShouldBe(["1", "2", "3"]);
        faults.Count.ShouldBe(3);
    }

    private void Upsert(string name, string value, int version)
    {
        using var document = JsonDocument.Parse(Json(name, value, version));
        cache.Upsert(document.RootElement);
    }

    private void Replace(params (string Name, string Value, int Version)[] items)
    {
        using var document = JsonDocument.Parse($"[{string.Join(',', items.Select(item => Json(item.Name, item.Value, item.Version)))}]");
        cache.Replace(document.RootElement.EnumerateArray());
    }

    private static string Json(string name, string value, int version) =>
        $$$"""{"metadata":{"namespace":"ns","name":"{{{name}}}","uid":"u{{{version}}}","resourceVersion":"{{{version}}}"}"""
        + $$$""","value":"{{{value}}}"}""";
}
