// The quality menu: Auto, and every rendition the playlist lists. Shown where there is a choice.

import videojs from "video.js";

const MenuButton = videojs.getComponent("MenuButton");
const MenuItem = videojs.getComponent("MenuItem");

const LIST_NAME = /\/?([0-9])f\/manifest\.m3u8/;

function representations(player) {
  return player.tech(true)?.vhs?.representations?.() ?? [];
}

// `names`: what the renditions are called, in the order of the URL; where the page does not know, the bandwidth says it.
function label(representation, names) {
  const found = LIST_NAME.exec(decodeURIComponent(representation.id));
  const known = found && names[Number(found[1])];
  const average = representation.playlist.attributes?.["AVERAGE-BANDWIDTH"] ?? representation.bandwidth;
  return known ?? `${Math.round(average / 1000)} kbps`;
}

class QualityItem extends MenuItem {
  constructor(player, options) {
    super(player, { ...options, selectable: true, multiSelectable: false });
  }

  handleClick(event) {
    super.handleClick(event);
    this.options_.choose(this.options_.representation);
  }
}

export class QualityButton extends MenuButton {
  constructor(player, options) {
    super(player, options);
    this.controlText("Quality");
    this.chosen = null;
    this.shown = videojs.dom.createEl("span", { className: "soundpath-button-text" }, { "aria-hidden": "true" });
    this.menuButton_.el().append(this.shown);
    this.on(player, "loadedmetadata", () => {
      this.update();
      this.tell();
    });
    this.on(player, ["playing", "mediachange"], () => this.tell()); // mediachange: VHS's, bubbling up from its tech
  }

  buildWrapperCSSClass() {
    return `soundpath-quality ${super.buildWrapperCSSClass()}`;
  }

  createItems() {
    const listed = representations(this.player_).sort((one, other) => other.bandwidth - one.bandwidth);
    if (listed.length < 2) return [];
    const names = this.options_.names ?? [];
    return [null, ...listed].map(
      (representation) =>
        new QualityItem(this.player_, {
          label: representation ? label(representation, names) : "Auto",
          representation,
          selected: (representation?.id ?? null) === (this.chosen ?? null),
          choose: (picked) => this.choose(picked),
        }),
    );
  }

  choose(picked) {
    this.chosen = picked?.id ?? null;
    for (const representation of representations(this.player_)) {
      representation.enabled(picked === null || representation.id === picked.id);
    }
    for (const item of this.items) item.selected((item.options_.representation?.id ?? null) === this.chosen);
    this.tell();
  }

  // What plays now, in the button itself.
  tell() {
    const current = this.player_.tech(true)?.vhs?.playlists?.media?.();
    const playing = representations(this.player_).find((each) => each.playlist.id === current?.id);
    const name = playing ? label(playing, this.options_.names ?? []) : "";
    const auto = videojs.dom.createEl("span", { className: "soundpath-auto", textContent: name ? "Auto · " : "Auto" });
    this.shown.replaceChildren(...(this.chosen ? [] : [auto]), name);
  }
}

videojs.registerComponent("SoundpathQuality", QualityButton);
