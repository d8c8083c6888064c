namespace AgentReadiness.Runtime.Tests;

public sealed class ObjectCacheTests
{
    private readonly ObjectCache<string> cache = new ObjectCache<string>(
        new ResourceType("", "v1", "things", "Thing"),
        null,
        item => item.GetProperty("value").GetString()!
    ).AddIndex("value", entry => [entry.View]);
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
