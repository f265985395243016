import sheet from './base.raw.css';

const style = document.createElement('style');
style.textContent = sheet;
document.head.append(style);
